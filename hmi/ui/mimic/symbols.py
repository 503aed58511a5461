"""Shapes and fills that equipment symbols share: on, off, travelling, unknown, out of service (standards 2.6)."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QPainter, QPainterPath, QPen, QPolygonF

from hmi.ui.theme import Theme


def outline(theme: Theme, width: float = 1.6, *, unknown: bool = False) -> QPen:
    pen = QPen(theme.color("text.secondary" if unknown else "outline"), width)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    if unknown:
        pen.setDashPattern([2.5, 2.0])
    return pen


def fill_shape(painter: QPainter, theme: Theme, path: QPainterPath, fill: str, *, width: float = 1.6) -> None:
    """Paint a closed shape in one of the five fills."""
    unknown = fill == "none"
    if not unknown:
        painter.fillPath(
            path, theme.brush("fill.on" if fill == "on" else "fill.off" if fill == "off" else "panel")
        )
    if fill == "half":
        _half(painter, theme, path)
    if fill == "hatched":
        _hatch(painter, theme, path)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(outline(theme, width, unknown=unknown))
    painter.drawPath(path)


def _half(painter: QPainter, theme: Theme, path: QPainterPath) -> None:
    """The lower right half, cut along the diagonal, in the off fill; the rest in the on fill."""
    box = path.boundingRect()
    painter.fillPath(path, theme.brush("fill.on"))
    corner = QPainterPath()
    corner.addPolygon(QPolygonF([box.bottomLeft(), box.topRight(), box.bottomRight()]))
    corner.closeSubpath()
    painter.fillPath(path.intersected(corner), theme.brush("fill.off"))


def _hatch(painter: QPainter, theme: Theme, path: QPainterPath) -> None:
    """Diagonal lines, close enough to be seen in a small valve."""
    box = path.boundingRect()
    painter.save()
    painter.setClipPath(path, Qt.ClipOperation.IntersectClip)
    painter.setPen(QPen(theme.color("fill.off"), 1.3))
    for n in range(min(int((box.width() + box.height()) / _HATCH) + 1, _MOST_LINES)):
        x = box.left() + n * _HATCH
        painter.drawLine(QPointF(x, box.top()), QPointF(x - box.height(), box.bottom()))
    painter.restore()


def polygon(*points: tuple[float, float]) -> QPainterPath:
    path = QPainterPath()
    path.addPolygon(QPolygonF([QPointF(x, y) for x, y in points]))
    path.closeSubpath()
    return path


def circle(box: QRectF, inset: float = 1.0) -> QPainterPath:
    path = QPainterPath()
    path.addEllipse(box.adjusted(inset, inset, -inset, -inset))
    return path


def centered(painter: QPainter, theme: Theme, box: QRectF, text: str, *, font: str, color: str) -> None:
    """A short text in the middle of a cached symbol."""
    painter.setFont(theme.font(font))
    painter.setPen(theme.color(color))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)


_HATCH: Final = 4.5  # pixels between two lines
_MOST_LINES: Final = 2_000
_LETTER: Final = {
    "on": "fill.text",
    "half": "fill.text",
    "off": "fill.on",
    "hatched": "text",
    "none": "text.secondary",
    "plain": "text",
}


def letter(
    painter: QPainter, theme: Theme, box: QRectF, fill: str, text: str, *, font: str = "text.word"
) -> None:
    """A letter in a body: what it is, or ``?`` while its state is not known."""
    if fill == "half":
        _halo(painter, theme, box, text, font)
    centered(painter, theme, box, "?" if fill == "none" else text, font=font, color=_LETTER[fill])


def _halo(painter: QPainter, theme: Theme, box: QRectF, text: str, font: str) -> None:
    """An even ground around a letter that stands across the diagonal."""
    own = theme.font(font)
    path = QPainterPath()
    path.addText(QPointF(0, 0), own, text)
    path.translate(box.center() - path.boundingRect().center())
    pen = QPen(theme.color("fill.on"), 2.8)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.strokePath(path, pen)


def detail_pen(theme: Theme, fill: str, width: float = 1.3) -> QPen:
    """For lines inside a body: they must be seen on its fill, in a dark theme too."""
    pen = QPen(theme.color("fill.text" if fill in {"on", "half"} else "outline"), width)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    return pen


def mark_brush(theme: Theme, fill: str) -> QBrush:
    """What is drawn inside a body to tell its kind."""
    return theme.brush("fill.off.mark" if fill == "off" else "fill.mark")


def motor(painter: QPainter, theme: Theme, box: QRectF, fill: str) -> None:
    """A motor: circle with M."""
    fill_shape(painter, theme, circle(box), fill)
    letter(painter, theme, box, fill, "M", font="badge" if box.width() < 28 else "text.word")


def pump(painter: QPainter, theme: Theme, box: QRectF, fill: str, kind: str) -> None:
    """A pump that delivers to the right: circle with a wedge, smaller for a dosing pump."""
    fill_shape(painter, theme, circle(box), fill)
    if fill == "none":
        letter(painter, theme, box, fill, "", font="value")
        return
    r = box.width() / 2 - 1
    c = box.center()
    reach = r * (0.86 if kind == "centrifugal" else 0.62)
    wedge = polygon((c.x() - r * 0.5, c.y() - reach), (c.x() + r, c.y()), (c.x() - r * 0.5, c.y() + reach))
    if fill != "half":  # the diagonal must be seen
        painter.fillPath(wedge, mark_brush(theme, fill))
    painter.setPen(detail_pen(theme, fill))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(wedge)


def blower(painter: QPainter, theme: Theme, box: QRectF, fill: str, kind: str) -> None:
    """A blower with its volute and outlet at the upper right, an axial fan, or a compressor."""
    body = circle(box)
    r = box.width() / 2 - 1
    c = box.center()
    if kind == "blower":
        outlet = QPainterPath()
        outlet.addRect(QRectF(c.x(), c.y() - r, r + 1, r * 0.62))
        body = body.united(outlet).simplified()
    fill_shape(painter, theme, body, fill)
    if fill == "none":
        letter(painter, theme, box, fill, "", font="value")
        return
    painter.setPen(detail_pen(theme, fill))
    painter.setBrush(mark_brush(theme, fill))
    if kind == "compressor":
        _compressor(painter, c, r)
    else:
        _blades(painter, c, r, 3 if kind == "blower" else 2)


def _compressor(painter: QPainter, c: QPointF, r: float) -> None:
    """Two lines that draw together along the flow."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for side in (-1, 1):
        painter.drawLine(
            QPointF(c.x() - r * 0.6, c.y() + side * r * 0.8),
            QPointF(c.x() + r * 0.87, c.y() + side * r * 0.5),
        )


def _blades(painter: QPainter, c: QPointF, r: float, count: int) -> None:
    """Blades around a hub."""
    blade = QPainterPath()
    blade.cubicTo(QPointF(r * 0.22, -r * 0.3), QPointF(r * 0.3, -r * 0.62), QPointF(0, -r * 0.74))
    blade.cubicTo(QPointF(-r * 0.3, -r * 0.62), QPointF(-r * 0.16, -r * 0.3), QPointF(0, 0))
    painter.save()
    painter.translate(c)
    for _ in range(count):
        painter.drawPath(blade)
        painter.rotate(360 / count)
    painter.drawEllipse(QPointF(0, 0), r * 0.13, r * 0.13)
    painter.restore()


def bow(box: QRectF, direction: str) -> QPainterPath:
    """The body of a valve: two triangles tip to tip along the pipe."""
    c = box.center()
    if direction == "horizontal":
        slim = box.height() * 0.1
        top, bottom = box.top() + slim, box.bottom() - slim
        path = polygon((box.left(), top), (c.x(), c.y()), (box.left(), bottom))
        path.addPath(polygon((box.right(), top), (c.x(), c.y()), (box.right(), bottom)))
        return path
    slim = box.width() * 0.1
    left, right = box.left() + slim, box.right() - slim
    path = polygon((left, box.top()), (c.x(), c.y()), (right, box.top()))
    path.addPath(polygon((left, box.bottom()), (c.x(), c.y()), (right, box.bottom())))
    return path


def third_way(box: QRectF, direction: str) -> QPainterPath:
    """The third triangle of a three-way valve: below a horizontal pipe, left of a vertical one."""
    c = box.center()
    if direction == "horizontal":
        slim = box.width() * 0.27
        return polygon((box.left() + slim, box.bottom()), (c.x(), c.y()), (box.right() - slim, box.bottom()))
    slim = box.height() * 0.27
    return polygon((box.left(), box.top() + slim), (c.x(), c.y()), (box.left(), box.bottom() - slim))


def check_valve(painter: QPainter, theme: Theme, box: QRectF, turn: float, fill: str) -> None:
    """A triangle along the flow against its seat; ``turn`` in degrees, 0 for a flow to the right."""
    half = min(box.width(), box.height()) / 2
    painter.save()
    painter.translate(box.center())
    painter.rotate(turn)
    fill_shape(
        painter, theme, polygon((-half, -half * 0.8), (half * 0.7, 0), (-half, half * 0.8)), fill, width=1.5
    )
    painter.setPen(outline(theme, 2.6, unknown=fill == "none"))
    painter.drawLine(QPointF(half * 0.9, -half * 0.8), QPointF(half * 0.9, half * 0.8))
    painter.restore()


def diaphragm(painter: QPainter, theme: Theme, c: QPointF, direction: str) -> None:
    """Stem and dome of a diaphragm actuator, on the side away from the pipe: up, or to the right."""
    _stem(painter, theme, c, direction)
    dome = QPainterPath()
    if direction == "horizontal":
        dome.moveTo(c.x() - 9, c.y() - 14)
        dome.arcTo(QRectF(c.x() - 9, c.y() - 23, 18, 18), 180, -180)
    else:
        dome.moveTo(c.x() + 14, c.y() - 9)
        dome.arcTo(QRectF(c.x() + 5, c.y() - 9, 18, 18), 90, -180)
    dome.closeSubpath()
    painter.setBrush(theme.brush("panel"))
    painter.drawPath(dome)


def hand_wheel(painter: QPainter, theme: Theme, c: QPointF, direction: str) -> None:
    """Stem and wheel of a valve that is worked by hand."""
    _stem(painter, theme, c, direction)
    painter.setPen(outline(theme, 2.4))
    if direction == "horizontal":
        painter.drawLine(QPointF(c.x() - 8, c.y() - 15), QPointF(c.x() + 8, c.y() - 15))
    else:
        painter.drawLine(QPointF(c.x() + 15, c.y() - 8), QPointF(c.x() + 15, c.y() + 8))


def _stem(painter: QPainter, theme: Theme, c: QPointF, direction: str) -> None:
    painter.setPen(outline(theme, 1.5))
    end = QPointF(c.x(), c.y() - 14) if direction == "horizontal" else QPointF(c.x() + 14, c.y())
    painter.drawLine(c, end)


def flow_arrow(
    painter: QPainter, theme: Theme, at: QPointF, angle: float, *, role: str, reach: float, style: str
) -> None:
    """An arrow on a pipe: ``full`` flowing, ``hollow`` no flow, ``dashed`` not known. ``angle`` in degrees."""
    half = reach * 0.75
    pen = QPen(theme.color(role if style == "full" else "outline"), 1.0 if style == "full" else 1.3)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    if style == "dashed":
        pen.setDashPattern([2.0, 1.6])
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(at)
    painter.rotate(angle)
    painter.setPen(pen)
    painter.setBrush(theme.brush(role if style == "full" else "panel"))
    painter.drawPolygon(QPolygonF([QPointF(reach, 0), QPointF(-reach, -half), QPointF(-reach, half)]))
    painter.restore()
