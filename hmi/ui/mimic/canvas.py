"""A widget with the picture of a scene: brought up to date in slices, zoomed, and nothing to point at yet."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import (
    QPainter,
    QPaintEvent,
    QRegion,
    QResizeEvent,
    QShowEvent,
    QTransform,
)
from PySide6.QtWidgets import QWidget

from hmi.core.clock import NS_PER_MS, monotonic_ns
from hmi.core.values import DataValue
from hmi.mimics import (
    Control,
    Freshness,
    Hearing,
    ImageState,
    Samples,
    Scene,
    TagAlarm,
)
from hmi.ui.flash import flash
from hmi.ui.mimic.backing import Backing
from hmi.ui.mimic.camera import Camera
from hmi.ui.mimic.direct import Direct
from hmi.ui.mimic.growing import Growing
from hmi.ui.mimic.hits import Hits
from hmi.ui.mimic.kit import Kit
from hmi.ui.mimic.sharpen import Sharpening
from hmi.ui.mimic.sight import Sight, show_stretched, stretched
from hmi.ui.mimic.zoom_hint import ZoomHint
from hmi.ui.mimic.zooming import Zooming
from hmi.ui.paint import painting
from hmi.ui.theme import Theme, palette

SLICE_NS: Final = 24 * NS_PER_MS
AT_ONCE: Final = (
    1_500  # elements; a larger display has a picture of its own, painted in slices, seen when whole
)
_CHUNK: Final = 60  # elements between two looks at the clock


class Canvas(QWidget):
    """Shows one scene at any size, or a part of it enlarged. What lies over the picture is a subclass's.

    When many elements change at once they are painted in slices of ``SLICE_NS``, oldest change first, with the
    event loop between: a key, a click or the alarm list never waits for a whole display.

    While a gesture zooms or moves the display the last picture is stretched, and every change goes on being
    painted into it; a sharp one takes its place when it is whole and shows every change too.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._scene: Scene | None = None
        self._kit = Kit(theme.plain, grow=theme.scale)
        self._backing: Backing | Direct | None = None
        self._hits = Hits.of(())
        self._waiting: dict[int, None] = {}  # changed and not yet painted, oldest first
        self.camera = Camera()
        self._scale, self._offset = 1.0, QPointF()  # of what is seen; the camera may be ahead by a picture
        self._blinking: list[int] = []
        self.paints = 0
        self._zooming = Zooming(self.camera, self, is_held=self._is_held)
        self._zooming.moved.connect(self._camera_moved)
        self._sharpening = Sharpening(self._sight, self)
        self._sharpening.made.connect(self._take_sight)
        self._hint = ZoomHint(theme, self)
        self._hint.clicked.connect(self._zooming.reset)
        self._growing = Growing(self)
        self._growing.grown.connect(self._ask)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._draw_slice)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        # of its own and never used: when those of the application change, Qt need not paint the display again
        self.setPalette(palette(theme))
        self.setFont(theme.plain.font("text"))
        flash().turned.connect(self._blink)

    def _overlay(self, painter: QPainter) -> None:
        """Paint what lies over the picture, in pixels of the display."""

    def _is_held(self) -> bool:
        """True while the display must not move: there is none, or the pointer holds something of it."""
        return self._scene is None

    def _looks_elsewhere(self) -> None:
        """Another part of the display is seen from now on."""

    @property
    def scene(self) -> Scene | None:
        return self._scene

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._measure()

    def apply(self, changed: Mapping[str, DataValue], now_ns: int) -> None:
        """One batch of values; what looks the same is not painted."""
        if self._scene is not None:
            self._dirty(self._scene.apply(changed, now_ns))

    def judge(self, fresh: Freshness, now_ns: int, *, hears: Hearing | None = None) -> None:
        """Judge the age of every value (call it each 100 to 500 ms)."""
        if self._scene is not None:
            self._dirty(self._scene.judge(fresh, now_ns, hears=hears))

    def set_images(self, images: Mapping[str, ImageState]) -> None:
        if self._scene is not None:
            self._dirty(self._scene.set_images(images))

    def set_alarms(self, alarms: Mapping[str, TagAlarm]) -> None:
        if self._scene is not None:
            self._dirty(self._scene.set_alarms(alarms))

    def set_controls(self, controls: Mapping[str, Control]) -> None:
        """What the station says of its commands, by the tag that they write."""
        if self._scene is not None:
            self._dirty(self._scene.set_controls(controls))

    def backfill(self, tag: str, samples: Samples | Sequence[DataValue], now_ns: int) -> None:
        if self._scene is not None:
            self._dirty(self._scene.backfill(tag, samples, now_ns))

    @property
    def is_current(self) -> bool:
        """True when the picture on the screen shows every change."""
        whole = self._backing is not None and self._backing.is_whole
        return whole and not self._waiting and not self._sharpening.is_busy

    @property
    def is_grown(self) -> bool:
        """True when every text has the size that the user wants, as far as there is room."""
        return self._backing is not None and self._backing.is_grown

    def _dirty(self, indices: set[int]) -> None:
        """The looks of these elements changed."""
        if indices:
            self._watch_blinking(indices)
            self._ask(indices)

    def _ask(self, indices: Collection[int]) -> None:
        """Have elements painted as they look by then; all that is asked in one turn is one paint event."""
        if self._backing is None:
            return  # the next paint event paints everything
        asked = bool(self._waiting)
        self._waiting.update(dict.fromkeys(sorted(indices)))
        self._sharpening.ask(indices)
        if not asked and self.isVisible():
            self._later.start(0)

    @property
    def _slice_ns(self) -> int:
        """Less while the display is zoomed or moved: another picture is made then, and every frame counts.

        Half for a picture of its own, which is painted now and copied in the same turn.
        """
        if self._sharpening.is_busy:
            return SLICE_NS // 3
        return SLICE_NS if self._backing is None or self._backing.paints_later else SLICE_NS // 2

    def _draw_slice(self) -> None:
        try:
            self._draw_until(monotonic_ns() + self._slice_ns)
        finally:
            if self._waiting or (self._backing is not None and not self._backing.is_whole):
                self._later.start(0)

    def _draw_until(self, deadline_ns: int | None) -> None:
        """Bring the picture up to date, oldest change first, until a monotonic time; None: all of it."""
        if self._backing is None:
            return
        if not self._backing.is_whole:
            if not self._backing.grow(deadline_ns):
                return
            self.update()
        # should a painter fail, what it left cleared is seen: never the old value
        region = QRegion(self.rect())
        try:
            region = self._drawn_until(self._backing, deadline_ns)
        finally:
            self.update(region if self._is_sharp else self._spread(self._backing, region))

    def _spread(self, backing: Backing | Direct, region: QRegion) -> QRegion:
        """Where a region of a stretched picture is seen."""
        if region.isEmpty():
            return region
        place = stretched(backing, self.camera).mapRect(region.boundingRect())
        return QRegion(place.adjusted(-2, -2, 2, 2))

    def _drawn_until(self, backing: Backing | Direct, deadline_ns: int | None) -> QRegion:
        region = QRegion()
        while self._waiting:
            at_once = backing.first_of(self._waiting, self._slice_ns, least=_CHUNK)
            chunk = at_once if backing.paints_later else at_once[:_CHUNK]
            for index in chunk:
                del self._waiting[index]
            region = region.united(backing.draw(chunk))
            if deadline_ns is not None and (backing.paints_later or monotonic_ns() >= deadline_ns):
                break
        return region

    def showEvent(self, event: QShowEvent) -> None:
        """A display that comes back into view shows the present at once; a very large one when it is whole."""
        if self._backing is None or self._backing.is_whole:
            self._draw_until(None)
        else:
            self._later.start(0)
        super().showEvent(event)

    def _on_widget(self, box: QRectF) -> QRect:
        place = QRectF(box.topLeft() * self._scale + self._offset, box.size() * self._scale)
        return place.toAlignedRect().adjusted(-1, -1, 1, 1)

    def _to_design(self, point: QPointF) -> QPointF:
        return (point - self._offset) / self._scale

    def _element_box(self, index: int) -> QRectF:
        assert self._scene is not None
        element = self._scene.elements[index]
        return QRectF(element.x, element.y, element.w, element.h)

    def _watch_blinking(self, changed: Collection[int]) -> None:
        """Which elements blink: only those that show something unacknowledged."""
        scene = self._scene
        if scene is None or not scene.has_unacked:
            self._blinking = []
        else:
            kept = [index for index in self._blinking if index not in changed]
            self._blinking = kept + [index for index in changed if _is_unacked(scene.looks[index])]
        self._light(flash().lit or not self._blinking)

    def _light(self, lit: bool) -> None:
        self._kit.lit = lit
        if self._sharpening.picture is not None:
            self._sharpening.picture.kit.lit = lit

    def _blink(self, lit: bool) -> None:
        if self._blinking and lit != self._kit.lit:
            self._light(lit)
            self._ask(self._blinking)

    def sizeHint(self) -> QSize:
        return QSize(*self._scene.display.size) if self._scene else QSize(960, 440)

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self.camera.size != self.size():
            self._measure()

    def prepare(self, deadline_ns: int) -> bool:
        """Paint the first picture before anybody sees it, until a monotonic time; True when it shows every change.

        Who is shown next then only copies it. A widget that is not shown with the same size paints as usual.
        """
        if self._scene is None:
            return True
        if self._backing is None:
            if self.camera.size != self.size():
                self._measure()
            background = self._theme.color("background")
            self._backing = Backing(self._scene, self._hits, self._kit, self.size(), self._offset, background)
        if self._backing.grow(deadline_ns):
            self._drawn_until(self._backing, deadline_ns)
        return self._backing.is_whole and not self._waiting

    def _measure(self) -> None:
        """Fit the display into the widget and forget what was cached for another scale."""
        if self._scene is not None:
            self.camera.look_at(self._scene.display.size, self.size())
        self._take_place()
        lit = self._kit.lit
        self._kit = self._kit_for(self._scale)
        self._kit.lit = lit
        self._forget_picture()

    def _kit_for(self, scale: float) -> Kit:
        return Kit(self._theme.plain, scale=scale, ratio=self.devicePixelRatioF(), grow=self._theme.scale)

    def _forget_picture(self) -> None:
        self._backing = None
        self._growing.watch(None)
        self._sharpening.stop()
        self._waiting.clear()
        self.update()

    def _built(self, scene: Scene) -> Backing | Direct:
        if self._backing is None:
            background = self._theme.color("background")
            if self.camera.is_zoomed:
                self._backing = Sight(scene, self._hits.twin(), self._kit, self.camera, background)
            else:
                kind = Direct if len(scene.elements) <= AT_ONCE else Backing
                self._backing = kind(scene, self._hits, self._kit, self.size(), self._offset, background)
            if not self._backing.is_whole:
                self._later.start(0)
        return self._backing

    def _transform(self) -> QTransform:
        return QTransform.fromTranslate(self._offset.x(), self._offset.y()).scale(self._scale, self._scale)

    def paintEvent(self, event: QPaintEvent) -> None:
        self.paints += 1
        backing = self._built(self._scene) if self._scene is not None else None
        with painting(self) as painter:
            try:
                if (
                    backing is None or not backing.is_whole
                ):  # what was painted a second ago must not seem live
                    painter.fillRect(event.rect(), self._theme.color("background"))
                elif isinstance(backing, Backing) and not self._is_sharp:
                    show_stretched(painter, backing, self.camera, event.rect())
                else:
                    backing.show(painter, event.region())
            finally:
                painter.setTransform(self._transform())
                self._overlay(painter)
        self._growing.watch(backing)

    @property
    def _is_sharp(self) -> bool:
        """True when the picture was painted for what is seen, not stretched to it."""
        return self._backing is None or self._backing.transform == self._transform()

    def _camera_moved(self) -> None:
        """Stretch the last picture at once and have a sharp one made; without one show the camera's when it is."""
        if self._backing is None or not self._backing.is_whole:
            self._measure()
        elif isinstance(self._backing, Backing):
            self._look_through()
            self._sharpening.begin()
        else:
            self._sharpening.begin(0)

    def _sight(self) -> Sight | None:
        """A new picture of what the camera looks at; no need of one when that is what is seen."""
        camera = self.camera
        if (
            self._scene is None
            or self._backing is None
            or self._backing.place == (camera.scale, camera.offset)
        ):
            return None
        kit = self._kit if camera.scale == self._kit.scale else self._kit_for(camera.scale)
        kit.lit = self._kit.lit
        background = self._theme.color("background")
        growth = self._backing.growth
        return Sight(self._scene, self._hits.twin(), kit, camera, background, growth)

    def _take_sight(self, picture: Sight) -> None:
        """It shows every change that was waiting."""
        self._backing, self._kit = picture, picture.kit
        self._waiting.clear()
        self._look_through()
        if not self._is_sharp:
            self._sharpening.begin()

    def _look_through(self) -> None:
        """From now on the display is seen, and pointed at, as the camera has it."""
        self._take_place()
        self.update()
        self._looks_elsewhere()

    def _take_place(self) -> None:
        self._scale, self._offset = self.camera.scale, self.camera.offset
        self._hint.tell(self._theme, self.camera.zoom, self.size())


def _is_unacked(look: tuple[object, ...]) -> bool:
    """True when any part of a look carries an unacknowledged alarm."""
    return any(
        isinstance(part, tuple) and (getattr(part, "unacked", False) or _is_unacked(part)) for part in look
    )
