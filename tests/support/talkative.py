"""What the bot of the interaction tests can do: each command and component answers in another way."""

# nextcord's decorators carry no types.
# mypy: disable-error-code="untyped-decorator"

from __future__ import annotations

from typing import Any

import nextcord
from nextcord import ButtonStyle, Interaction, SlashOption, ui


class Ask(ui.View):
    """A persistent view: a yes, a disabled no and a link."""

    def __init__(self) -> None:
        super().__init__(timeout=None)
        self.add_item(ui.Button(label="Read more", url="https://example.org/"))

    @ui.button(label="I agree", custom_id="ask:yes", style=ButtonStyle.green)
    async def yes(self, _: ui.Button[Any], interaction: Interaction[Any]) -> None:
        assert interaction.user is not None
        await interaction.response.edit_message(content=f"agreed by {interaction.user.id}", view=None)

    @ui.button(label="Never", custom_id="ask:no", disabled=True)
    async def no(self, _: ui.Button[Any], interaction: Interaction[Any]) -> None:
        raise AssertionError("a disabled button was pressed")

    @ui.button(label="Quietly", custom_id="ask:quiet")
    async def quiet(self, _: ui.Button[Any], interaction: Interaction[Any]) -> None:
        await interaction.response.defer()
        await interaction.edit_original_message(content="quietly done")

    @ui.button(label="Whisper", custom_id="ask:whisper")
    async def whisper(self, _: ui.Button[Any], interaction: Interaction[Any]) -> None:
        await interaction.response.send_message("psst", ephemeral=True)

    @ui.button(label="Burn it", custom_id="ask:burn", style=ButtonStyle.danger)
    async def burn(self, _: ui.Button[Any], interaction: Interaction[Any]) -> None:
        await interaction.response.send_message("burnt", ephemeral=True)


class Choose(ui.View):
    """Selects of both kinds."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @ui.string_select(
        custom_id="choose:colour",
        options=[nextcord.SelectOption(label="Red", value="r"), nextcord.SelectOption(label="Blue", value="b")],
    )
    async def colour(self, select: ui.StringSelect[Any], interaction: Interaction[Any]) -> None:
        await interaction.response.send_message(f"chose {select.values}")

    @ui.user_select(custom_id="choose:who", max_values=2)
    async def who(self, select: ui.UserSelect[Any], interaction: Interaction[Any]) -> None:
        await interaction.response.send_message(f"chose {[one.id for one in select.values]}")

    @ui.channel_select(custom_id="choose:where")
    async def where(self, select: ui.ChannelSelect[Any], interaction: Interaction[Any]) -> None:
        await interaction.response.send_message(f"chose {[one.id for one in select.values]}")


class Form(ui.Modal):
    """Two fields, one of which may stay empty."""

    def __init__(self) -> None:
        super().__init__("About you", custom_id="form")
        self.name: ui.TextInput[Any] = ui.TextInput("Name", custom_id="form:name", min_length=2, max_length=10)
        self.more: ui.TextInput[Any] = ui.TextInput("More", custom_id="form:more", required=False)
        self.add_item(self.name)
        self.add_item(self.more)

    async def callback(self, interaction: Interaction[Any]) -> None:
        await interaction.response.send_message(f"{self.name.value}/{self.more.value}/", ephemeral=True)


def dress(client: nextcord.Client) -> None:
    """The bot of these tests."""
    _dress_echo(client)
    _dress_slow(client)
    client.add_view(Ask())

    @client.slash_command(name="ask", description="Posts the question")
    async def ask(interaction: Interaction[Any]) -> None:
        await interaction.response.send_message("Well?", view=Ask())

    @client.slash_command(name="choose", description="Posts the selects")
    async def choose(interaction: Interaction[Any]) -> None:
        await interaction.response.send_message("Which?", view=Choose())

    @client.slash_command(name="form", description="Opens a form")
    async def form(interaction: Interaction[Any]) -> None:
        await interaction.response.send_modal(Form())

    @client.slash_command(name="manage", description="For managers", default_member_permissions=1 << 5)
    async def manage(interaction: Interaction[Any]) -> None:
        await interaction.response.send_message("managed")

    @client.user_command(name="Make an echo")
    async def make(interaction: Interaction[Any], member: nextcord.Member) -> None:
        await interaction.response.send_message(f"of {member.id}", ephemeral=True)


def _dress_echo(client: nextcord.Client) -> None:
    @client.slash_command(name="echo", description="About echoes")
    async def echo(interaction: Interaction[Any]) -> None: ...

    @echo.subcommand(name="create", description="Make one")
    async def create(
        interaction: Interaction[Any],
        user: nextcord.Member = SlashOption(description="Of whom"),  # noqa: B008 - nextcord's way
        before: str = SlashOption(description="Until when", max_length=10),
        place: nextcord.abc.GuildChannel | None = SlashOption(description="Where", required=False),  # noqa: B008 - the same
        size: int = SlashOption(description="How big", required=False, choices={"small": 1, "big": 2}),
    ) -> None:
        where = f" in {place.id}" if place is not None else ""
        await interaction.response.send_message(f"{user.id} before {before}{where} {size}")

    @echo.subcommand(name="online", description="Bring one online")
    async def online(interaction: Interaction[Any], profile: str = SlashOption(description="Which")) -> None:
        await interaction.response.send_message(f"online {profile}")

    @online.on_autocomplete("profile")
    async def profiles(interaction: Interaction[Any], typed: str) -> None:
        known = ["ada", "adam", "bo"]
        await interaction.response.send_autocomplete([one for one in known if one.startswith(typed)])


def _dress_slow(client: nextcord.Client) -> None:
    @client.slash_command(name="slow", description="Answers in its own time")
    async def slow(interaction: Interaction[Any]) -> None: ...

    @slow.subcommand(name="deferred", description="Thinks first")
    async def deferred(interaction: Interaction[Any]) -> None:
        await interaction.response.defer(ephemeral=True)
        embed = nextcord.Embed(title="Done", description="thought about it")
        embed.add_field(name="Depth", value="great")
        await interaction.followup.send(embed=embed)
        await interaction.followup.send("and more", ephemeral=True)

    @slow.subcommand(name="edited", description="Thinks, then edits twice")
    async def edited(interaction: Interaction[Any]) -> None:
        await interaction.response.defer()
        await interaction.edit_original_message(content="first")
        await interaction.edit_original_message(content="second")

    @slow.subcommand(name="gone", description="Takes its answer back")
    async def gone(interaction: Interaction[Any]) -> None:
        await interaction.response.send_message("oops")
        await interaction.delete_original_message()

    @slow.subcommand(name="mute", description="Never answers")
    async def mute(interaction: Interaction[Any]) -> None: ...
