"""Tags that name a method of the server: found when the connection opens, called once for each command."""

# pyright: reportPrivateImportUsage=false, reportArgumentType=false, reportAttributeAccessIssue=false
# the library re-exports its names without saying so, and types its integers narrower than it means
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from asyncua import ua

from hmi.core import quality
from hmi.core.commands import WriteOutcome, WriteRequest, WriteState
from hmi.core.texts import tr
from hmi.core.values import Value
from hmi.drivers.opcua._call import Caller
from hmi.drivers.opcua._items import attribute
from hmi.drivers.opcua._session import Link
from hmi.drivers.opcua._subscribe import chunks
from hmi.drivers.opcua._values import Unwritable, to_variant, words
from hmi.drivers.opcua._within import within
from hmi.drivers.opcua._write import is_unsure, refused

_HIERARCHICAL, _HAS_PROPERTY = 33, 46


@dataclass(frozen=True, slots=True)
class Method:
    """A method of an object; ``arguments`` are the types of what it takes. None: that could not be read."""

    owner: ua.NodeId | None
    node: ua.NodeId
    arguments: tuple[ua.VariantType, ...] | None


async def find_methods(
    link: Link, handles: Sequence[int], nodes: Mapping[int, ua.NodeId], chunk: int
) -> dict[int, Method]:
    """Those of the handles whose node is a method."""
    found: dict[int, Method] = {}
    for part in chunks(handles, chunk):
        classes = await link.read([attribute(nodes[handle], ua.AttributeIds.NodeClass) for handle in part])
        for handle, answer in zip(part, classes, strict=True):
            if answer.Value is not None and answer.Value.Value == ua.NodeClass.Method:
                found[handle] = await _method(link, nodes[handle])
    return found


async def _method(link: Link, node: ua.NodeId) -> Method:
    try:
        owner = await _owner(link, node)
        arguments = await _arguments(link, node)
    except ua.UaStatusCodeError:
        return Method(None, node, None)
    return Method(owner, node, arguments)


async def _owner(link: Link, node: ua.NodeId) -> ua.NodeId | None:
    """The object that the method belongs to."""
    wanted = ua.BrowseDescription()
    wanted.NodeId, wanted.BrowseDirection = node, ua.BrowseDirection.Inverse
    wanted.ReferenceTypeId, wanted.IncludeSubtypes = ua.NodeId(_HIERARCHICAL), True
    wanted.NodeClassMask, wanted.ResultMask = ua.NodeClass.Object, ua.BrowseResultMask.All
    params = ua.BrowseParameters()
    params.NodesToBrowse = [wanted]
    async with within(link.timeout_s):
        results = await link.session.browse(params)
    references = results[0].References if results else []
    return references[0].NodeId if references else None


async def _arguments(link: Link, node: ua.NodeId) -> tuple[ua.VariantType, ...] | None:
    step = ua.RelativePathElement()
    step.ReferenceTypeId = ua.NodeId(_HAS_PROPERTY)
    step.IncludeSubtypes, step.IsInverse = True, False
    step.TargetName = ua.QualifiedName("InputArguments", 0)
    path = (await link.translate([ua.BrowsePath(node, ua.RelativePath([step]))]))[0]
    if not path.StatusCode.is_good() or not path.Targets:
        return ()  # a method without arguments has no such property
    answer = (await link.read([attribute(path.Targets[0].TargetId, ua.AttributeIds.Value)]))[0]
    given = answer.Value.Value if answer.Value is not None else None
    kinds = [
        getattr(one, "DataType", None) for one in given or ()
    ]  # the library has two classes of this name
    known = [kind for kind in kinds if isinstance(kind, ua.NodeId) and kind.NamespaceIndex == 0]
    if not known or len(known) != len(kinds):
        return None
    try:
        return tuple(ua.VariantType(kind.Identifier) for kind in known)
    except ValueError:
        return None


class MethodCaller:
    """Calls of one connection."""

    def __init__(self, link: Link, name: str, methods: Mapping[int, Method]) -> None:
        self._caller, self.methods = Caller(link, name), methods

    async def call(self, request: WriteRequest, method: Method) -> WriteOutcome:
        """One CallRequest or none; the outcome never says more than is known."""
        arguments = method.arguments
        if method.owner is None or arguments is None:
            return refused(quality.BAD_CONFIGURATION, tr("the server does not say how the method is called"))
        if len(arguments) > 1:
            return refused(
                quality.BAD_CONFIGURATION, tr("a command calls a method with one argument at most")
            )
        if not arguments and request.value is not True:
            return refused(quality.BAD_TYPE_MISMATCH, tr("a method without arguments is called with on only"))
        try:
            inputs = [_input(request.value, kind) for kind in arguments]
        except Unwritable as error:
            return refused(quality.BAD_TYPE_MISMATCH, str(error))
        asked = ua.CallMethodRequest()
        asked.ObjectId, asked.MethodId, asked.InputArguments = method.owner, method.node, inputs
        return await self._caller.send(asked, request.deadline_ns, called)


def _input(value: Value, kind: ua.VariantType) -> ua.Variant:
    return to_variant(value, kind, dimensions=0)


def called(status: int) -> WriteOutcome:
    """The status code of a call as an outcome."""
    if quality.is_good(status):
        return WriteOutcome(WriteState.DONE, status, tr("the method was called"))
    if is_unsure(status):
        text = tr("the server does not know whether it was done: {why}", why=words(status))
        return WriteOutcome(WriteState.UNKNOWN, status, text)
    return refused(status, tr("the server refused: {words}", words=words(status)))
