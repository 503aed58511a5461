"""Pictures of the plant folder in the station: fetched over the API, decoded beside the Qt thread, kept by content.

A station never reads the plant folder. The same content under two names, or after a reload, is fetched as a
digest only and decoded once.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable
from threading import Lock

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QObject, Signal
from PySide6.QtGui import QImage, QImageReader

from hmi.client.port import ImageFile, RuntimeClient
from hmi.core.texts import tr
from hmi.mimics import ImageState, image_name_problem, image_problem

log = logging.getLogger(__name__)

KEPT_BYTES = 192 * 2**20
_DECODER_MIB = 64


class _Decoded:
    """Decoded pictures by digest; what was used longest ago leaves first."""

    def __init__(self, limit: int) -> None:
        self._limit, self._bytes = limit, 0
        self._pictures: OrderedDict[str, QImage] = OrderedDict()
        self._lock = Lock()

    def get(self, digest: str) -> QImage | None:
        with self._lock:
            if (found := self._pictures.get(digest)) is not None:
                self._pictures.move_to_end(digest)
            return found

    def keep(self, digest: str, picture: QImage) -> None:
        with self._lock:
            if digest in self._pictures:
                return
            self._pictures[digest] = picture
            self._bytes += picture.sizeInBytes()
            while self._bytes > self._limit and len(self._pictures) > 1:
                self._bytes -= self._pictures.popitem(last=False)[1].sizeInBytes()


_decoded = _Decoded(KEPT_BYTES)


def decoded(digest: str) -> QImage | None:
    """The picture of that content; None when it has left the memory and has to be asked for again."""
    return _decoded.get(digest)


def take(content: bytes) -> ImageState:
    """Check, decode and keep the bytes of a PNG; any thread. What is wrong with them is the ``problem``."""
    if problem := image_problem(content):
        return ImageState("", problem)
    digest = hashlib.sha256(content).hexdigest()
    if _decoded.get(digest) is None:
        picture = _read(content)
        if picture.isNull():
            return ImageState("", tr("is a damaged PNG"))
        _decoded.keep(digest, picture)
    return ImageState(digest)


def _read(content: bytes) -> QImage:
    held = QByteArray(content)  # the buffer does not keep it alive
    buffer = QBuffer(held)
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer, QByteArray(b"png"))
    reader.setDecideFormatFromContent(False)
    QImageReader.setAllocationLimit(_DECODER_MIB)
    picture = reader.read()
    return (
        picture.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)
        if not picture.isNull()
        else picture
    )


class ImageStore(QObject):
    """Asks the runtime for pictures; ``arrived`` carries {name: ImageState} on the Qt thread.

    ``ask`` runs a coroutine on the client's thread, as ``Link.ask`` does.
    """

    arrived = Signal(dict)

    def __init__(self, ask: Callable[..., None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ask = ask
        self._known: dict[str, ImageState] = {}
        self._asked: set[str] = set()

    def want(self, names: Iterable[str]) -> dict[str, ImageState]:
        """What is known at once of these pictures; each is asked for, its content only when it has changed."""
        found: dict[str, ImageState] = {}
        for name in names:
            state = self._known.get(name)
            if state is not None and (state.problem or decoded(state.digest) is not None):
                found[name] = state
            if name not in self._asked and not image_name_problem(name):
                self._asked.add(name)
                self._fetch(name, found[name].digest if name in found else "")
        return found

    def _fetch(self, name: str, digest: str) -> None:
        self._ask(
            lambda client: _fetched(client, name, digest),
            owner=self,
            done=lambda state: self._take(name, state),
            failed=lambda sentence: self._failed(name, sentence),
        )

    def _take(self, name: str, state: ImageState) -> None:
        self._asked.discard(name)
        self._known[name] = state
        self.arrived.emit({name: state})

    def _failed(self, name: str, sentence: str) -> None:
        """No answer is no statement about the picture: who shows it asks again when the link has returned."""
        log.debug("The picture %s did not arrive: %s", name, sentence)
        self._asked.discard(name)


async def _fetched(client: RuntimeClient, name: str, digest: str) -> ImageState:
    """Fetch and decode on the client's side of the border; a large picture is decoded beside its loop too."""
    file: ImageFile = await client.image(name, digest)
    if file.problem:
        return ImageState("", file.problem)
    if not file.content:
        return ImageState(file.digest)
    return await asyncio.to_thread(take, file.content)
