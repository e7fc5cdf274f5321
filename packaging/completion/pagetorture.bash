# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Completion of bash for pagetorture: commands, options, values of options, and files. The functions
# read commands and options from `pagetorture --help`.

# _pagetorture_values TOOL COMMAND OPTION: print the values of the option; nothing if the values are files
# or numbers.
_pagetorture_values()
{
	"$1" "$2" --values "$3" 2>/dev/null </dev/null
}

# _pagetorture_options TOOL COMMAND: print the options of the command.
_pagetorture_options()
{
	"$@" --help 2>/dev/null </dev/null | sed -n '/^Examples/q
		s/^  \(\(-[a-z], \)\{0,1\}-[^] =[]*\).*/\1/p' | sed 's/,//' | tr ' ' '\n'
}

_pagetorture_commands()
{
	"$1" --help 2>/dev/null </dev/null | sed -n '/^Examples/q
		s/^  \(-[a-zA-Z], \)\{0,1\}\([a-z-][a-z-]*\) .*/\2/p'
}

# _pagetorture_files WORD: print page programs and directories; without a page program print all files,
# because fuzzing engines choose other names.
_pagetorture_files()
{
	local files
	files=$(compgen -f -X '!*.page' -- "$1")
	[[ $files ]] || files=$(compgen -f -- "$1")
	printf '%s\n' "$files" "$(compgen -d -- "$1")" | sort -u | grep .
}

_pagetorture()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local tool=${COMP_WORDS[0]} command=${COMP_WORDS[1]} values before=

	COMPREPLY=()
	if [[ $COMP_CWORD -eq 1 && ${tool##*/} == pagetorture-export ]]; then
		mapfile -t COMPREPLY < <(compgen -W 'tap junit sarif --help --output --version' -- "$cur")
		return
	fi
	if [[ $COMP_CWORD -eq 1 ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_pagetorture_commands "$tool")" -- "$cur")
		return
	fi
	if [[ $command == help ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_pagetorture_commands "$tool" | grep -v '^-\|^help$')" -- "$cur")
		return
	fi
	[[ $prev != --* ]] || values=$(_pagetorture_values "$tool" "$command" "$prev")
	if [[ $values ]]; then
		[[ $cur != *,* ]] || before=${cur%,*},
		mapfile -t COMPREPLY < <(compgen -P "$before" -W "$values" -- "${cur##*,}")
	elif [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_pagetorture_options "$tool" "$command")" -- "$cur")
	elif [[ ${tool##*/} == pagetorture-export ]]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		compopt -o filenames 2>/dev/null
	elif [[ $command == fuzz && $prev != --@(dir|bin|seeds) ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_pagetorture_values "$tool" triage --target)" -- "$cur")
	elif [[ $command == triage || $prev == --@(dir|bin|seeds) ]]; then
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		compopt -o filenames 2>/dev/null
	else
		mapfile -t COMPREPLY < <(_pagetorture_files "$cur")
		compopt -o filenames 2>/dev/null
	fi
}

complete -F _pagetorture pagetorture pagetorture-export
