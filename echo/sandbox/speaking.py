"""What the sandbox's people say: words, files, stickers, polls, recordings, forwards, posts in forums. Every method
raises `NotPossible` for what Discord's client would not let a person do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from echo.sandbox import kinds, presses
from echo.sandbox.acting import Acting
from echo.sandbox.files import Attachment
from echo.sandbox.history import JOINED
from echo.sandbox.options import NotPossible, find_place, upload_of
from echo.sandbox.permissions import Permission
from echo.sandbox.records import CATEGORY, DM, POSTS, TALKED_IN_CALLS, TEXT, Channel, User
from echo.sandbox.talk import Fields
from echo.sandbox.views import View, message_view

MOST_FILES: Final = 10
MOST_STICKERS: Final = 3
MOST_ANSWERS: Final = 10
LONGEST_TITLE: Final = 100
POLL_HOURS: Final = 24


class Speaking(Acting):
    """People who write."""

    async def say(
        self,
        author: object,
        channel: object,
        content: object = None,
        reply_to: object = None,
        *,
        attachments: Sequence[object] = (),
        stickers: Sequence[object] = (),
        poll: object = None,
        voice: bool = False,
    ) -> View:
        """Writes a message; @ and a member's name becomes a mention. Gives it as `messages` does.

        `attachments` are files (see `options.upload_of`), `stickers` names; `poll` is an object with `question` and
        `answers`, perhaps `hours` and `several`. With `voice` the one attachment is a recording. With any of these
        there need be no content.
        """
        place = find_place(self._world, channel)
        who = self._writing(author, place)
        answered = None if reply_to in (None, "") else presses.message_id(reply_to)
        if answered is not None and answered not in self._world.messages[place.id]:
            raise NotPossible(f"There is no message {answered} in #{place.name} to reply to.")
        fields = self._fields(who, place, attachments, stickers, poll, voice)
        text = "" if fields and content in (None, "") else self._text(content)
        fields["reply_to"] = answered
        self._open_thread(place, who)
        message = self._world.post_message(place.id, who.id, text, now=self._now(), **fields)
        return message_view(self._world, message)

    async def forward(self, author: object, message_id: object, channel: object) -> View:
        """Forwards a message to a channel. Gives the new one as `messages` does."""
        _, _, message = self._message_seen(author, message_id)
        place = find_place(self._world, channel)
        who = self._writing(author, place)
        self._open_thread(place, who)
        fields: Fields = {"extra": kinds.forward(self._world, message), "flags": kinds.HAS_SNAPSHOT}
        said = self._world.post_message(place.id, who.id, "", now=self._now(), **fields)
        return message_view(self._world, said)

    async def post(
        self, author: object, channel: object, title: object, content: object, *, attachments: Sequence[object] = ()
    ) -> View:
        """Opens a post in a forum or a channel for media. Gives its first message, which has the thread's own id."""
        place = find_place(self._world, channel)
        if place.kind not in POSTS:
            raise NotPossible(f"#{place.name} is no forum; open a thread there.")
        who = self._seeing(author, place)
        if not self._world.may(place.id, who.id, Permission.SEND_MESSAGES):
            raise NotPossible(f"{who.display_name} may not open posts in #{place.name}.")
        if not isinstance(title, str) or not 1 <= len(title.strip()) <= LONGEST_TITLE:
            raise NotPossible(f"A post needs a title of 1 to {LONGEST_TITLE} characters.")
        fields: Fields = {"attachments": self._kept(place, attachments)} if attachments else {}
        text = "" if attachments and content in (None, "") else self._text(content)
        now = self._now()
        thread = self._world.create_thread(place.id, title.strip(), who.id, now=now)
        fields["message_id"] = thread.id
        message = self._world.post_message(thread.id, who.id, text, now=now, **fields)
        return message_view(self._world, message)

    async def unfurl(self, message_id: object, url: object, title: object, description: object = "") -> View:
        """Puts the card of a link under a message, as Discord does when it has read the link: a moment later."""
        message = self._find_message(presses.message_id(message_id))
        card = kinds.link_card(str(url), str(title), str(description or ""))
        return message_view(self._world, self._world.unfurl(message.channel_id, message.id, [card]))

    async def arrive(self, name: object) -> View:
        """Lets somebody new join the server, who is welcomed by a message of Discord's own. Gives `id, name`."""
        if not isinstance(name, str) or not 2 <= len(name.strip()) <= 32:
            raise NotPossible("A name has 2 to 32 characters.")
        if self._world.find_user(name) is not None:
            raise NotPossible(f"Somebody is already called {name.strip()}.")
        now = self._now()
        who = User(self._world.ids.next(now), name.strip().casefold().replace(" ", "_"), name.strip())
        self._world.join(who, now=now)
        place = next((one for one in self._world.guild_channels() if one.kind == TEXT), None)
        if place is not None:
            self._world.post_message(place.id, who.id, "", now=now, kind=JOINED)
        return {"id": str(who.id), "name": who.display_name}

    def _writing(self, author: object, place: Channel) -> User:
        """Who may write in this place."""
        if place.kind in POSTS or place.kind == CATEGORY:
            raise NotPossible(f"Nobody can write in #{place.name} itself: a forum takes posts.")
        who = self._seeing(author, place)
        if place.kind in TALKED_IN_CALLS and not self._world.may(place.id, who.id, Permission.CONNECT):
            raise NotPossible(f"{who.display_name} may not enter #{place.name}.")
        if not self._world.may_send(place.id, who.id):
            raise NotPossible(f"{who.display_name} may not write in #{place.name}.")
        return who

    def _fields(
        self,
        who: User,
        place: Channel,
        attachments: Sequence[object],
        stickers: Sequence[object],
        poll: object,
        voice: bool,
    ) -> Fields:
        """What the message has besides its words; empty if nothing."""
        fields: Fields = {}
        extra: dict[str, Any] = {}
        if attachments:
            if not self._world.may(place.id, who.id, Permission.ATTACH_FILES):
                raise NotPossible(f"{who.display_name} may not send files in #{place.name}.")
            fields["attachments"] = self._kept(place, attachments)
        if voice:
            fields["flags"] = _recording(fields.get("attachments", ()))
        if stickers:
            if len(stickers) > MOST_STICKERS:
                raise NotPossible(f"A message has at most {MOST_STICKERS} stickers.")
            extra |= kinds.stickers([str(one) for one in stickers])
        if poll is not None:
            extra |= self._poll(poll)
        if extra:
            fields["extra"] = extra
        return fields

    def _kept(self, place: Channel, attachments: Sequence[object]) -> tuple[Attachment, ...]:
        if len(attachments) > MOST_FILES:
            raise NotPossible(f"A message has at most {MOST_FILES} files.")
        uploads = [upload_of(one, self._world.largest_file) for one in attachments]
        return tuple(self._world.keep_file(place.id, one, now=self._now()) for one in uploads)

    def _poll(self, asked: object) -> dict[str, Any]:
        if not isinstance(asked, Mapping) or not isinstance(asked.get("answers"), list) or not asked.get("question"):
            raise NotPossible("A poll needs an object with its question and a list of answers.")
        answers = [str(one) for one in asked["answers"]]
        hours = asked.get("hours", POLL_HOURS)
        if not 1 <= len(answers) <= MOST_ANSWERS or not isinstance(hours, int) or not 1 <= hours <= 768:
            raise NotPossible(f"A poll has 1 to {MOST_ANSWERS} answers and lasts 1 to 768 hours.")
        ends = self._now() + hours * 3600
        return kinds.poll(str(asked["question"]), answers, ends_at=ends, several=bool(asked.get("several")))

    def _open_thread(self, place: Channel, who: User) -> None:
        """Who writes in a thread joins it, and wakes it if it is archived."""
        if place.kind == DM or not place.is_thread:
            return
        if place.locked:
            raise NotPossible(f"The thread #{place.name} is locked.")
        if place.archived:
            self._world.modify_channel(place.id, now=self._now(), archived=False)
        if who.id not in place.thread_members:
            self._world.join_thread(place.id, who.id, now=self._now())


def _recording(attachments: Any) -> int:
    files = tuple(attachments)
    if len(files) != 1 or files[0].upload.seconds is None:
        raise NotPossible("A voice message is one file that says how many seconds it has.")
    return kinds.IS_VOICE_MESSAGE
