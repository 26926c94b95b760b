"""The gateway (v10) over WebSockets: hello, identify, heartbeats, dispatches, resume with replay of what was missed.

Source of opcodes and close codes: Discord API reference, "Gateway" and "Opcodes and Status Codes".
"""

from __future__ import annotations

import asyncio
import json
import zlib
from contextlib import suppress
from typing import Any

from aiohttp import WSMsgType, web

from echo.sandbox import guild_state
from echo.sandbox.faults import Faults
from echo.sandbox.gateway_session import GatewaySession, frame
from echo.sandbox.intents import EVERY, PRIVILEGED, Intent
from echo.sandbox.records import Dispatch
from echo.sandbox.world import World

HEARTBEAT, IDENTIFY, PRESENCE, VOICE, RESUME, RECONNECT, MEMBERS, INVALID, HELLO, ACK = 1, 2, 3, 4, 6, 7, 8, 9, 10, 11
HEARTBEAT_INTERVAL = 41.25
"""Seconds between a client's heartbeats, as Discord asks for."""
WAY = 0.02
"""Seconds that an acknowledgement is on its way. nextcord takes one that comes before it has noted its own heartbeat
for the answer to the one before, and then warns that it is 41 seconds behind."""
SESSIONS = 16
"""How many sessions are kept for a resume; the oldest that nobody is attached to goes first."""


class _Close(Exception):
    """The gateway ends this socket with `code`."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Gateway:
    """All sockets and sessions. `granted` are the privileged intents that the application has been granted.

    `address` is the WebSocket address that clients are told; the server sets it once it knows its port.
    """

    def __init__(
        self,
        world: World,
        faults: Faults,
        token: str,
        *,
        granted: int = PRIVILEGED,
        heartbeat_interval: float = HEARTBEAT_INTERVAL,
    ) -> None:
        self.address = ""
        self._granted = int(granted)
        self.sessions: dict[str, GatewaySession] = {}
        self._world = world
        self._faults = faults
        self._token = token
        self._interval = heartbeat_interval
        self._sockets: set[_Socket] = set()
        faults.drop, faults.reconnect, faults.invalidate = self.drop_sockets, self.ask_reconnect, self.invalidate
        world.subscribe(self._happened)

    def send(self, event: str, data: object) -> None:
        """Dispatches to the sessions that the server's events come to, whatever their intents (INTERACTION_CREATE)."""
        for session in self.sessions.values():
            if session.owns(self._world.guild.id):
                session.send(event, data)

    @property
    def granted(self) -> int:
        """The privileged intents that the application has at the moment."""
        return self._granted if self._faults.message_content else self._granted & ~Intent.MESSAGE_CONTENT

    @property
    def connected(self) -> bool:
        """Whether a bot is attached at the moment."""
        return any(session.outgoing is not None for session in self.sessions.values())

    async def connect(self, request: web.Request) -> web.WebSocketResponse:
        """Serves one socket until it ends."""
        socket = _Socket(self, request)
        self._sockets.add(socket)
        try:
            return await socket.serve()
        finally:
            self._sockets.discard(socket)

    def drop_sockets(self) -> None:
        """Cuts every connection without a word, as a failing network does."""
        for socket in tuple(self._sockets):
            socket.abort()

    def ask_reconnect(self) -> None:
        """Asks every client to connect anew and resume."""
        self._push(frame(RECONNECT))

    def invalidate(self) -> None:
        """Ends every session: clients must identify anew."""
        self._push(frame(INVALID, False))
        self.sessions.clear()

    async def close(self) -> None:
        """Says goodbye to every socket."""
        await asyncio.gather(*(socket.close(1001, "The server is going away") for socket in tuple(self._sockets)))

    def _push(self, text: str) -> None:
        for session in self.sessions.values():
            if session.outgoing is not None:
                session.outgoing.put_nowait(text)

    def _happened(self, dispatch: Dispatch) -> None:
        for session in self.sessions.values():
            session.offer(dispatch, self.granted)

    def open_session(self, data: dict[str, Any]) -> GatewaySession:
        """A session for an identify payload. Raises `_Close` for a wrong token, wrong intents or a wrong shard."""
        if data.get("token") != self._token:
            raise _Close(4004, "Authentication failed.")
        intents = data.get("intents")
        if not isinstance(intents, int) or not 0 <= intents <= EVERY:
            raise _Close(4013, "Invalid intent(s).")
        if intents & PRIVILEGED & ~self.granted:
            raise _Close(4014, "Disallowed intent(s).")
        shard = data.get("shard", [0, 1])
        if not isinstance(shard, list) or len(shard) != 2 or not 0 <= shard[0] < shard[1]:
            raise _Close(4010, "Invalid shard.")
        session = GatewaySession(self._world, intents, (shard[0], shard[1]))
        detached = [one.id for one in self.sessions.values() if one.outgoing is None]
        for old in detached[: max(0, len(self.sessions) + 1 - SESSIONS)]:
            del self.sessions[old]
        self.sessions[session.id] = session
        return session

    def greet(self, session: GatewaySession) -> None:
        """READY, then the server."""
        session.send("READY", guild_state.ready(self._world, session.id, self.address, self.granted, session.owns))
        if session.owns(self._world.guild.id):
            session.send("GUILD_CREATE", guild_state.guild_create(self._world, session.intents))

    def resumed(self, data: dict[str, Any]) -> tuple[GatewaySession, list[str]] | None:
        """The session that a resume payload names with the frames that it missed; None if it must identify anew.

        Raises `_Close` for a wrong token.
        """
        if data.get("token") != self._token:
            raise _Close(4004, "Authentication failed.")
        session = self.sessions.get(str(data.get("session_id")))
        number = data.get("seq")
        if session is None or not isinstance(number, int):
            return None
        missed = session.missed_since(number)
        return None if missed is None else (session, missed)

    def forget(self, session: GatewaySession) -> None:
        """The client has ended its session itself."""
        self.sessions.pop(session.id, None)

    def members_chunks(self, session: GatewaySession, data: dict[str, Any]) -> None:
        """Answers Request Guild Members."""
        for chunk in guild_state.members_chunks(self._world, data, session.intents):
            session.send("GUILD_MEMBERS_CHUNK", chunk)

    @property
    def heartbeat_interval(self) -> float:
        """Seconds between heartbeats."""
        return self._interval

    @property
    def muted(self) -> bool:
        """Whether heartbeats go unanswered."""
        return self._faults.mute_heartbeats


class _Socket:
    """One connection: reads what the client sends, writes what its session's queue holds."""

    def __init__(self, gateway: Gateway, request: web.Request) -> None:
        self._gateway = gateway
        self._request = request
        self._socket = web.WebSocketResponse(max_msg_size=16384, compress=False)
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._session: GatewaySession | None = None
        stream = request.query.get("compress") == "zlib-stream"
        self._deflate = zlib.compressobj() if stream else None

    async def serve(self) -> web.WebSocketResponse:
        await self._socket.prepare(self._request)
        self._queue.put_nowait(frame(HELLO, {"heartbeat_interval": int(self._gateway.heartbeat_interval * 1000)}))
        writer = asyncio.create_task(self._write())
        try:
            await self._read()
        except _Close as end:
            await self.close(end.code, str(end))
        except TimeoutError:
            await self.close(4009, "Session timed out.")
        finally:
            self._detach()
            writer.cancel()
            with suppress(asyncio.CancelledError):
                await writer
        return self._socket

    def abort(self) -> None:
        """Cuts the connection."""
        self._detach()
        if self._request.transport is not None:
            self._request.transport.abort()

    async def close(self, code: int, reason: str) -> None:
        """Ends the connection in order."""
        await self._socket.close(code=code, message=reason.encode())

    def _detach(self) -> None:
        session = self._session
        if session is None or session.outgoing is not self._queue:
            return
        session.outgoing = None
        if self._socket.close_code in (1000, 1001):
            self._gateway.forget(session)

    async def _read(self) -> None:
        if self._request.query.get("v", "10") != "10":
            raise _Close(4012, "Invalid API version.")
        while True:
            received = await self._socket.receive(timeout=self._gateway.heartbeat_interval * 1.5)
            if received.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                return
            try:
                payload = json.loads(received.data)
                op, data = payload["op"], payload.get("d")
            except (ValueError, TypeError, KeyError, AttributeError):
                raise _Close(4002, "Error while decoding payload.") from None
            self._take(op, data)

    def _take(self, op: int, data: Any) -> None:
        if op == HEARTBEAT:
            if not self._gateway.muted:
                asyncio.get_running_loop().call_later(WAY, self._queue.put_nowait, frame(ACK))
        elif not isinstance(data, dict):
            raise _Close(4001 if op not in range(9) else 4002, "Unknown opcode or payload.")
        elif op == IDENTIFY:
            self._identify(data)
        elif op == RESUME:
            self._resume(data)
        elif self._session is None:
            raise _Close(4003, "Not authenticated.")
        elif op == PRESENCE:
            self._session.presence = data
        elif op == MEMBERS:
            self._gateway.members_chunks(self._session, data)
        elif op != VOICE:
            raise _Close(4001, "Unknown opcode.")

    def _identify(self, data: dict[str, Any]) -> None:
        if self._session is not None:
            raise _Close(4005, "Already authenticated.")
        self._session = self._gateway.open_session(data)
        self._session.presence = data.get("presence") or {}
        self._session.outgoing = self._queue
        self._gateway.greet(self._session)

    def _resume(self, data: dict[str, Any]) -> None:
        if self._session is not None:
            raise _Close(4005, "Already authenticated.")
        found = self._gateway.resumed(data)
        if found is None:
            self._queue.put_nowait(frame(INVALID, False))
            return
        session, missed = found
        for text in missed:
            self._queue.put_nowait(text)
        if session.outgoing is not None:
            session.outgoing.put_nowait(None)
        self._session = session
        session.outgoing = self._queue
        session.send("RESUMED", {"_trace": ["sandbox"]})

    async def _write(self) -> None:
        with suppress(ConnectionError):
            while (text := await self._queue.get()) is not None:
                if self._deflate is None:
                    await self._socket.send_str(text)
                else:
                    packed = self._deflate.compress(text.encode()) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
                    await self._socket.send_bytes(packed)
        # Another socket has taken this one's session over.
        if not self._socket.closed:
            self.abort()
