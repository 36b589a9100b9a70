"""The completion scripts, made from the parser.

Each finds where it is: the words of the command and of its action, with a blank before each. Then
it offers what can come next there. Sources: "Programmable Completion" in bash's manual,
zshcompsys(1), and complete(1) of fish.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable

from app.commands.shared.declared_commands import (
    DeclaredCommand,
    declared_commands,
    help_of,
    takes_file,
)

_BASH = """\
# Completes panelist in bash. Made by: panelist completion bash
_panelist() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} place= word
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case "$place $word" in
            @PLACES@) place="$place $word" ;;
        esac
    done
    case "$place:$before" in
@VALUES@
    esac
    case "$place" in
@WORDS@
    esac
}
complete -o bashdefault -o default -F _panelist panelist
"""

_ZSH = """\
#compdef panelist
# Completes panelist in zsh. Made by: panelist completion zsh
_panelist() {
    local place= word
    local -a found
    for word in "${(@)words[2,CURRENT-1]}"; do
        case "$place $word" in
            (@PLACES@) place="$place $word" ;;
        esac
    done
    case "$place:${words[CURRENT-1]}" in
@VALUES@
    esac
    case "$place" in
@WORDS@
    esac
    _describe 'panelist' found || _files
}
if [[ "$funcstack[1]" == "_panelist" ]]; then
    _panelist "$@"
else
    compdef _panelist panelist
fi
"""

_FISH = """\
# Completes panelist in fish. Made by: panelist completion fish
function __panelist_place
    set -l place ''
    for word in (commandline -opc)[2..-1]
        switch "$place $word"
            case @PLACES@
                set place "$place $word"
        end
    end
    test "$place" = "$argv[1]"
end
@LINES@
"""


def _place(command: DeclaredCommand) -> str:
    return "".join(f" {word}" for word in command.words)


def _quoted(text: str) -> str:
    """A word of bash, zsh and fish."""
    return "'" + text.replace("'", "'\\''") + "'"


def _choices(action: argparse.Action) -> list[str]:
    return [str(one) for one in action.choices or ()]


def _places(between: str) -> str:
    return between.join(_quoted(_place(one)) for one in declared_commands() if one.words)


def _pattern(command: DeclaredCommand, option: argparse.Action) -> str:
    return "|".join(_quoted(f"{_place(command)}:{name}") for name in option.option_strings)


def _with_value(command: DeclaredCommand) -> Iterable[argparse.Action]:
    return (one for one in command.options if one.nargs != 0)


def _next(command: DeclaredCommand) -> dict[str, str]:
    """What can be typed next, with what it does: actions, values of arguments, and options."""
    found = dict(command.actions)
    for argument in command.arguments:
        found |= dict.fromkeys(_choices(argument), help_of(argument))
    for option in command.options:
        found |= dict.fromkeys(option.option_strings, help_of(option))
    return {**found, "--help": "Show the help"}


def bash() -> str:
    """The script for bash."""
    values, words = [], []
    for command in declared_commands():
        for option in _with_value(command):
            if choices := _choices(option):
                given = f"-W {_quoted(' '.join(choices))}"
            else:
                given = "-f" if takes_file(option) else "-W ''"
            values.append(
                f"        {_pattern(command, option)})"
                f' COMPREPLY=($(compgen {given} -- "$current")); return ;;'
            )
        given = f"-W {_quoted(' '.join(_next(command)))}"
        words.append(
            f'        {_quoted(_place(command))}) COMPREPLY=($(compgen {given} -- "$current")) ;;'
        )
    return _filled(_BASH, PLACES=_places("|"), VALUES="\n".join(values), WORDS="\n".join(words))


def zsh() -> str:
    """The script for zsh."""
    values, words = [], []
    for command in declared_commands():
        for option in _with_value(command):
            if choices := _choices(option):
                given = f"compadd -- {' '.join(map(_quoted, choices))}"
            else:
                given = "_files" if takes_file(option) else f"_message {_quoted(option.dest)}"
            values.append(f"        ({_pattern(command, option)}) {given}; return ;;")
        found = " ".join(
            _quoted(f"{name}:{about.replace(':', chr(92) + ':')}")
            for name, about in _next(command).items()
        )
        words.append(f"        ({_quoted(_place(command))}) found=({found}) ;;")
    return _filled(_ZSH, PLACES=_places("|"), VALUES="\n".join(values), WORDS="\n".join(words))


def fish() -> str:
    """The script for fish."""
    lines = []
    for command in declared_commands():
        where = f"complete -c panelist -n {_quoted(f'__panelist_place {_quoted(_place(command))}')}"
        if not any(takes_file(one) for one in command.arguments):
            lines.append(f"{where} -f")
        for name, about in _next(command).items():
            if not name.startswith("-"):
                lines.append(f"{where} -a {_quoted(name)} -d {_quoted(about)}")
        for option in command.options:
            names = " ".join(
                f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}"
                for name in option.option_strings
            )
            value = ""
            if option.nargs != 0:
                choices = _choices(option)
                value = f" -x -a {_quoted(' '.join(choices))}" if choices else " -r"
                value += " -F" if takes_file(option) else ""
            lines.append(f"{where} {names}{value} -d {_quoted(help_of(option))}")
        lines.append(f"{where} -l help -s h -d 'Show the help'")
    return _filled(_FISH, PLACES=_places(" "), LINES="\n".join(lines))


def _filled(script: str, **parts: str) -> str:
    for name, text in parts.items():
        script = script.replace(f"@{name}@", text)
    return script


SCRIPTS: dict[str, Callable[[], str]] = {"bash": bash, "zsh": zsh, "fish": fish}
