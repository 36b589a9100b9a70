"""The palette: finds an action of any screen, a segment, a study or a person."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Any

from textual import events
from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.screen import ModalScreen, Screen

from app.db.errors import DatabaseProblem
from app.invites.studies import studies
from app.keys.actions import Action, KeyContext
from app.keys.keymap_file import ACTIONS, EVERYWHERE
from app.keys.screens import APP, SCREENS
from app.panel.lists.lister import Lister, ListResult
from app.panel.lists.order import Order
from app.panel.lists.rows import rows
from app.panel.lists.selection import Selection
from app.panel.segments.views import segments
from app.screens.base import Host, Jump, PanelistScreen, host_of
from app.text import fold, plain
from app.widgets.content import Content, hidden, words
from app.widgets.footer import FooterKey, KeyFooter

PEOPLE = 8  # people that one search offers
SOON, LATEST = 0.01, 200  # seconds between two looks at a new screen, and the number of looks
LEAST = 2  # letters to search people for
PLACES = {place.id: place for place in EVERYWHERE}
THEME = Action("app.theme", "change_theme", "", "Theme", "Choose a theme")
PICTURE = Action(
    *("app.picture", "save_picture", "", "Screenshot"),
    "Save a picture of this screen as SVG, with names and emails masked",
)


KEYS = (FooterKey("enter", "⏎", "Run"), FooterKey("escape", "esc", "Close", stays=True))


class Palette(CommandPalette):
    """The palette over the current screen."""

    def __init__(self) -> None:
        super().__init__(
            [ActionCommands, PanelCommands],
            placeholder="An action, a segment, a study or a participant",
            id="--command-palette",
        )

    def _on_mount(self, event: events.Mount) -> None:
        self.mount(KeyFooter(KEYS))


def score(query: str, name: str, more: str = "") -> float:
    """How well a query names something: 0 if not all of its words are in it."""
    asked, said = fold(query).split(), fold(name).replace(":", "")
    if not asked or not all(one in f"{said} {fold(more)}" for one in asked):
        return 0.0
    if said.startswith(" ".join(asked)):
        return 0.9
    if all(f" {one}" in f" {said}" for one in asked):
        return 0.7
    return 0.5 if all(one in said for one in asked) else 0.4


@dataclass(frozen=True)
class Entry:
    """An action in the palette."""

    place: KeyContext
    action: Action
    keys: str

    @property
    def name(self) -> str:
        if self.action.verb.startswith("go_"):
            return f"Go to {self.action.name}"
        return self.action.name if self.place is APP else f"{self.place.name}: {self.action.name}"

    @property
    def prompt(self) -> Content:
        return words((self.name, "bold"), f"  {self.keys}")


class ActionCommands(Provider):
    """Every action of every screen."""

    def _entries(self) -> list[Entry]:
        """The actions of the screen in front first. What works everywhere is there once."""
        host, active = host_of(self.screen), _active_ids(self.screen)
        places = sorted((*SCREENS, APP), key=lambda one: not _is_front(one, active))
        found: dict[str, Entry] = {}
        for place in places:
            for action in (*place.actions, *([THEME, PICTURE] if place is APP else [])):
                everywhere = action.does.startswith("app.")
                keys = host.settings.keys.key(action).split(",")[0]
                shown = host.key_words(keys)
                name = action.does if everywhere else action.id
                found.setdefault(name, Entry(APP if everywhere else place, action, shown))
        without = ("app.palette", "app.stop", "app.back", *([] if host.demo else ["app.tour"]))
        return [one for one in found.values() if one.action.id not in without]

    async def discover(self) -> Hits:
        for one in self._entries():
            run = partial(run_action, host_of(self.screen), one)
            yield DiscoveryHit(one.prompt, run, one.name, one.action.about)

    async def search(self, query: str) -> Hits:
        for one in self._entries():
            if found := score(query, one.name, one.action.about):
                run = partial(run_action, host_of(self.screen), one)
                yield Hit(found, one.prompt, run, one.name, one.action.about)


def _active_ids(screen: Screen[Any]) -> set[str]:
    return {active.binding.id or "" for active in screen.active_bindings.values()}


def _is_front(place: KeyContext, active: set[str]) -> bool:
    return place is not APP and any(action.id in active for action in place.actions)


async def run_action(host: Host, entry: Entry) -> None:
    """Run an action here, or go where it works first."""
    place, action = entry.place, entry.action
    here = [one for one in host.screen.active_bindings.values() if one.binding.id == action.id]
    if here:
        await host.run_action(here[0].binding.action, here[0].node)
    elif place is APP:
        await host.run_action(action.does, host)
    elif place.kind == "mode":
        if await _go(host, place.id):
            host.call_later(host.run_action, action.does, host.screen)
    elif await _open(host, place):
        host.tell(f"Press {entry.keys} here: {action.about}.")


async def _open(host: Host, place: KeyContext) -> bool:
    """Open a screen that lies over a mode, from where its opener works. Returns False if it cannot
    be opened, which the screen before it has said."""
    opener = ACTIONS[place.opener]
    before = PLACES[place.opener.rpartition(".")[0]]
    if opener.id not in _active_ids(host.screen):
        ready = await _go(host, before.id) if before.kind == "mode" else await _open(host, before)
        if not ready:
            return False
    screen = host.screen
    await host.run_action(opener.does, screen)
    for _ in range(LATEST):
        if host.screen is screen or host.screen.focused:
            break
        await asyncio.sleep(SOON)  # until it has its widgets
    return host.screen is not screen


async def _go(host: Host, mode: str) -> bool:
    """Go to the top level of a mode. Returns False, and says so, if a dialog is open there."""
    if host.current_mode != mode:
        await host.switch_mode(mode)
    if any(isinstance(screen, ModalScreen) for screen in host.screen_stack):
        host.tell("A dialog is open here. Close it first.", problem=True)
        return False
    while len(host.screen_stack) > 1:
        await host.pop_screen()
    front = host.screen
    if isinstance(front, PanelistScreen):
        front.show(host.snapshot())  # it may be new, and has not read anything yet
    return True


async def jump(host: Host, to: Jump) -> None:
    """Go to a segment, a study or a person."""
    if await _go(host, to.mode) and isinstance(host.screen, PanelistScreen):
        host.screen.jump(to)


class PanelCommands(Provider):
    """The segments, the studies and the people of the account that is shown."""

    _named: tuple[tuple[str, str, Jump], ...] = ()
    _lister: Lister | None = None
    _wish = 0

    async def startup(self) -> None:
        """Read the names of the segments and studies."""
        connection = host_of(self.screen).snapshot(fresh=False).view.connection
        self._connection = connection.id if connection else None
        if self._connection is not None:
            self._named = await asyncio.to_thread(self._read, self._connection)

    def _read(self, connection: int) -> tuple[tuple[str, str, Jump], ...]:
        store = host_of(self.screen).store
        try:
            found = [
                (
                    one.name,
                    f"Segment, {one.count:,} participants",
                    Jump("segments", "segment", one.key),
                )
                for one in segments(store, connection)
            ]
            found += [
                (one.title, f"Study, {one.state}", Jump("studies", "study", str(one.id)))
                for one in studies(store, connection)
            ]
            return tuple(found)
        except DatabaseProblem:
            return ()  # the screen reports it
        finally:
            store.close()

    async def search(self, query: str) -> Hits:
        for name, about, to in self._named:
            if found := score(query, name, about.split(",")[0]):
                yield self._hit(found, name, about, to)
        text = query.strip()
        if self._connection is not None and len(text) >= LEAST:
            host = host_of(self.screen)
            for one in await self._people(self._connection, text):
                name = hidden(one.name or one.email, host.masking) or one.stripe_id
                about = hidden(one.email, host.masking) if one.name else ""
                yield self._hit(0.6, name, f"Participant, {about or one.stripe_id}",
                                Jump("segments", "person", str(one.id)))  # fmt: skip

    def _hit(self, found: float, name: str, about: str, to: Jump) -> Hit:
        shown = plain(name, 60)
        line = words((shown, "bold"), f"  {plain(about, 60)}")
        return Hit(found, line, partial(jump, host_of(self.screen), to), shown)

    async def _people(self, connection: int, text: str) -> list[Any]:
        """The first people that a search finds. The newest search ends those before it."""
        loop, host = asyncio.get_running_loop(), host_of(self.screen)
        answer: asyncio.Future[ListResult] = loop.create_future()
        self._answer = answer

        def tell(listed: ListResult) -> None:
            loop.call_soon_threadsafe(self._take, listed)

        if self._lister is None:
            self._lister = Lister(host.store, tell)
        self._wish = self._lister.ask(Selection(connection), Order(), text)
        try:
            listed = await answer
            return list(rows(host.store, connection, listed.ids[:PEOPLE]))
        except DatabaseProblem:
            return []

    def _take(self, listed: ListResult) -> None:
        if listed.wish == self._wish and not self._answer.done():
            self._answer.set_result(listed)

    async def shutdown(self) -> None:
        """Stop searching."""
        if self._lister is not None:
            await asyncio.to_thread(self._lister.close)
