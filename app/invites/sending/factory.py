"""Makes senders and channels from the settings."""

from __future__ import annotations

from collections.abc import Callable

from app.credentials.store import Credentials
from app.db.store import Store
from app.invites.delivery import Delivery
from app.invites.errors import StudyProblem
from app.invites.mail.server_settings import mail_server
from app.invites.restore_guard import this_machine
from app.invites.schedule.quiet_hours import canonical
from app.invites.sending import runs
from app.invites.sending.channels.channel import (
    ChannelNotSetUp,
    ChannelSetup,
    OpenChannel,
)
from app.invites.sending.channels.registry import Channel, channel_of
from app.invites.sending.runs import RunView
from app.invites.sending.sender import OtherMailServer, Sender, check_server
from app.settings import Settings, SettingsError
from app.text import plain


def default_channel(settings: Settings) -> str:
    """The key of the channel that is used unless another is named: email if a mail server is set,
    else files. Raises SettingsError."""
    return "smtp" if mail_server(settings) else "eml"


def delivery_by(settings: Settings, channel: str | None = None) -> Delivery:
    """How invites leave by this channel, or by the default one. Raises SettingsError, and
    ChannelNotSetUp if no mail server is set."""
    key = channel or default_channel(settings)
    if key != "smtp":
        return Delivery(key)
    server = mail_server(settings)
    if server is None:
        raise ChannelNotSetUp("No mail server is set. Set PANELIST_SMTP_SERVER.")
    return Delivery(key, str(server))


def refusal(settings: Settings, run: RunView) -> str | None:
    """Why a Panelist with these settings cannot send a batch, for a person, or None. Raises
    SettingsError."""
    if run.server is None:
        if run.machine == this_machine():
            return None
        return f"It was confirmed on another computer, by {plain(run.by, 80)}."
    try:
        check_server(run, delivery_by(settings, run.channel.key).server)
    except ChannelNotSetUp:
        return f"It was confirmed for {run.server}. Set PANELIST_SMTP_SERVER to that mail server."
    except OtherMailServer as problem:
        return str(problem)
    return None


def take_over(settings: Settings, run: RunView, store: Store, by: str) -> None:
    """Let this Panelist send a batch that another one was to send. Raises ChannelNotSetUp and
    SettingsError."""
    server = delivery_by(settings, run.channel.key).server
    runs.take_over(store, run.id, by, this_machine(), server)


def can_take_over(settings: Settings, run: RunView) -> bool:
    """Whether :func:`take_over` finds what it needs. Raises SettingsError."""
    return run.channel.key != "smtp" or mail_server(settings) is not None


def quiet_hours(settings: Settings) -> str | None:
    """The quiet hours of the settings. Raises SettingsError."""
    try:
        return canonical(settings.quiet_hours)
    except StudyProblem as problem:
        raise SettingsError(f"PANELIST_QUIET_HOURS: {problem}") from None


def per_minute(setup: ChannelSetup, key: str) -> int | None:
    """The most invites that leave by this channel in a minute, or None for no limit. Raises
    SettingsError and ChannelNotSetUp."""
    limits = open_channel(channel_of(key), setup).limits
    return min((limit.most for limit in limits if limit.seconds == 60), default=None)


def open_channel(found: Channel, setup: ChannelSetup) -> OpenChannel:
    """Open a channel. Raises ChannelNotSetUp and SettingsError."""
    if found.open is None:
        raise ChannelNotSetUp(f"Only you can send {found.words}.")
    return found.open(setup)


def open_sender(
    store: Store,
    settings: Settings,
    credentials: Credentials,
    on_change: Callable[[int], None] = lambda _: None,
    tell: Callable[[str], None] = lambda _: None,
) -> Sender:
    """A sender with the channels and quiet hours of the settings. Raises SettingsError."""
    setup = ChannelSetup(store, settings, credentials)
    return Sender(
        store,
        folders=settings.folders,
        open_channel=lambda found: open_channel(found, setup),
        quiet_hours=quiet_hours(settings),
        on_change=on_change,
        tell=tell,
    )
