#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Colours of a page program in editors: each token is what it is, in vim and by the TextMate
# grammar.
. "$(dirname "$0")/tap.sh"

vim=$scratch/vim
cp -r "$abs_srcdir/packaging/editors/vim" "$vim"
chmod -R u+w "$vim"
cp "$abs_builddir/packaging/editors/vim/syntax/pagetorture.vim" "$vim/syntax"
grammar=$abs_builddir/packaging/editors/textmate/pagetorture.tmLanguage.json

# ---- tokens ----

cat >"$scratch/program.page" <<'END'
# wait for a thread

  pagetorture 1
expect uninit-use # read_raw
p0 = alloc_page(GFP_KERNEL | __GFP_ZERO) -> 0
T7 : write_raw(p0, PAGE_SIZE-1, 0x2B, 17) -> EINVAL
main: k31 = kmap_local(p9)
T0: read_rawer(k32, SIZE_MAX)
END
cat >"$scratch/expected" <<'END'
1 Comment # wait for a thread
3 Header pagetorture 1
4 Expect expect
4 Rule uninit-use
4 Comment # read_raw
5 Resource p0
5 Call alloc_page
5 Flag GFP_KERNEL
5 Flag __GFP_ZERO
5 Result 0
6 Thread T7
6 Call write_raw
6 Resource p0
6 Constant PAGE_SIZE
6 Number 1
6 Number 0x2B
6 Number 17
6 Result EINVAL
7 Thread main
7 Resource k31
7 Call kmap_local
8 Thread T0
8 Constant SIZE_MAX
END

# What vim sees at each place, printed in the same way.
cat >"$scratch/tokens.vim" <<'END'
let out = ['filetype ' . &filetype, 'commentstring ' . &commentstring]
for number in range(1, line('$'))
  let text = getline(number)
  let token = ''
  let group = ''
  for column in range(1, strlen(text) + 1)
    let here = column > strlen(text) ? '' : synIDattr(synID(number, column, 1), 'name')
    if here !=# group
      if group !=# ''
        call add(out, number . ' ' . substitute(group, '^pagetorture', '', '') . ' ' . trim(token))
      endif
      let token = ''
      let group = here
    endif
    let token .= strpart(text, column - 1, 1)
  endfor
endfor
call writefile(out, $TOKENS)
qall!
END

# look FILE: what vim makes of it, in $scratch/tokens.
look() {
	rm -f "$scratch/tokens"
	TOKENS=$scratch/tokens timeout 60 vim -es -N -u NONE -i NONE \
		--cmd "set runtimepath=$vim,\$VIMRUNTIME" -c 'filetype plugin on' -c 'syntax on' \
		-c "edit $1" -c "source $scratch/tokens.vim" </dev/null >"$scratch/out" 2>&1
	[ -s "$scratch/tokens" ]
}

if command -v vim >/dev/null && vim --version | grep -q +syntax; then
	look "$scratch/program.page"
	ok $? "vim reads its files" "$scratch/out"
	[ "$(head -n 1 "$scratch/tokens")" = "filetype pagetorture" ]
	ok $? "vim knows a program by its name and first word" "$scratch/tokens"
	grep -qx 'commentstring # %s' "$scratch/tokens"
	ok $? "vim knows its comments" "$scratch/tokens"
	tail -n +3 "$scratch/tokens" | diff "$scratch/expected" - >"$scratch/differs"
	ok $? "vim sees each token as what it is" "$scratch/differs"
	echo 'Another page, of a wiki' >"$scratch/wiki.page"
	look "$scratch/wiki.page"
	! grep -q 'filetype pagetorture' "$scratch/tokens"
	ok $? "vim leaves another .page file alone" "$scratch/tokens"
else
	skip "no vim with syntax"
fi

# The grammar, as an editor uses it: at each place the pattern that begins first, then the
# first in the list.
cat >"$scratch/tokens.py" <<'END'
import json, re, sys
scopes = {"comment.line": "Comment", "keyword.control.header": "Header",
          "keyword.other.expect": "Expect", "support.type.rule": "Rule",
          "entity.name.label": "Thread", "variable.other": "Resource",
          "constant.language.result": "Result", "constant.numeric": "Number",
          "constant.language": "Constant", "constant.other.flag": "Flag",
          "support.function": "Call"}
def kind(scope):
    return scopes[max((s for s in scopes if scope.startswith(s)), key=len)]
grammar = json.load(open(sys.argv[1]))
patterns = [(re.compile(p["match"]), p) for p in grammar["patterns"]]
for number, line in enumerate(open(sys.argv[2]), 1):
    line, at = line.rstrip("\n"), 0
    while True:
        found = [(m.start(), i, m) for i, (r, _) in enumerate(patterns)
                 if (m := r.search(line, at)) and m.end() > at]
        if not found:
            break
        _, i, match = min(found[:], key=lambda f: f[:2])
        pattern = patterns[i][1]
        for group, what in pattern.get("captures", {"0": pattern}).items():
            if match.group(int(group)):
                print(number, kind(what["name"]), match.group(int(group)).strip())
        at = match.end()
END
if command -v python3 >/dev/null; then
	python3 "$scratch/tokens.py" "$grammar" "$scratch/program.page" >"$scratch/tokens" 2>"$scratch/err" &&
		diff "$scratch/expected" "$scratch/tokens" >"$scratch/err"
	ok $? "the grammar sees each token as what it is" "$scratch/err"
else
	skip "no python3"
fi

done_testing
