#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# vim and editors with TextMate grammars give each token of a page program the expected class.
. "$(dirname "$0")/tap.sh"

vim=$scratch/vim
cp -r "$abs_srcdir/packaging/editors/vim" "$vim"
chmod -R u+w "$vim"
cp "$abs_builddir/packaging/editors/vim/syntax/pagetorture.vim" "$vim/syntax"

cat >"$scratch/program.page" <<'END'
# wait for a thread

  pagetorture 1
expect uninit-use # read_raw
p0 = alloc_page(GFP_KERNEL | __GFP_ZERO) -> 0
T7 : write_raw(p0, PAGE_SIZE-1, 0x2B, 17) -> EINVAL
main: k31 = kmap_local(p9)
T0: read_rawer(k32, SIZE_MAX)
END
# Lines of the program, each with its expected classes and tokens.
cat >"$scratch/expected" <<'END'
1 Comment # wait for a thread
3 Header pagetorture 1
4 Expect expect,Rule uninit-use,Comment # read_raw
5 Resource p0,Call alloc_page,Flag GFP_KERNEL,Flag __GFP_ZERO,Result 0
6 Thread T7,Call write_raw,Resource p0,Constant PAGE_SIZE,Number 1,Number 0x2B,Number 17,Result EINVAL
7 Thread main,Resource k31,Call kmap_local
8 Thread T0,Constant SIZE_MAX
END

# ---- vim ----

cat >"$scratch/tokens.vim" <<'END'
let out = ['filetype ' . &filetype, 'commentstring ' . &commentstring]
for number in range(1, line('$'))
  let text = getline(number)
  let tokens = []
  let token = ''
  let group = ''
  for column in range(1, strlen(text) + 1)
    let here = column > strlen(text) ? '' : synIDattr(synID(number, column, 1), 'name')
    if here !=# group
      if group !=# ''
        call add(tokens, substitute(group, '^pagetorture', '', '') . ' ' . trim(token))
      endif
      let token = ''
      let group = here
    endif
    let token .= strpart(text, column - 1, 1)
  endfor
  if !empty(tokens)
    call add(out, number . ' ' . join(tokens, ','))
  endif
endfor
call writefile(out, $TOKENS)
qall!
END

# write_tokens_seen_by_vim FILE: writes the tokens that vim sees in the file to $scratch/tokens.
write_tokens_seen_by_vim() {
	rm -f "$scratch/tokens"
	TOKENS=$scratch/tokens timeout 60 vim -es -N -u NONE -i NONE \
		--cmd "set runtimepath=$vim,\$VIMRUNTIME" -c 'filetype plugin on' -c 'syntax on' \
		-c "edit $1" -c "source $scratch/tokens.vim" </dev/null >"$scratch/out" 2>&1
}

if command -v vim >/dev/null && vim --version | grep -q +syntax; then
	write_tokens_seen_by_vim "$scratch/program.page"
	{
		printf 'filetype pagetorture\ncommentstring # %%s\n'
		cat "$scratch/expected"
	} >"$scratch/expected.vim"
	ok_if_files_equal "vim knows the file type, its comments, and each token" "$scratch/expected.vim" "$scratch/tokens"
	echo 'Another page, of a wiki' >"$scratch/wiki.page"
	write_tokens_seen_by_vim "$scratch/wiki.page"
	[ -s "$scratch/tokens" ] && ! grep -q 'filetype pagetorture' "$scratch/tokens"
	ok $? "vim leaves another .page file alone" "$scratch/tokens"
else
	skip "no vim with syntax"
fi

# ---- TextMate ----

# With TextMate grammars, the nearest match wins; of several matches at one position, the first pattern wins.
skip_rest_without_tools python3
python3 - "$abs_builddir/packaging/editors/textmate/pagetorture.tmLanguage.json" "$scratch/program.page" \
	>"$scratch/tokens" 2>&1 <<'END'
import json, re, sys
names = {"comment.line": "Comment", "keyword.control.header": "Header", "keyword.other.expect": "Expect",
         "support.type.rule": "Rule", "entity.name.label": "Thread", "variable.other": "Resource",
         "constant.language.result": "Result", "constant.numeric": "Number",
         "constant.language": "Constant", "constant.other.flag": "Flag", "support.function": "Call"}
patterns = json.load(open(sys.argv[1]))["patterns"]
for number, line in enumerate(open(sys.argv[2]), 1):
    tokens, start = [], 0
    while True:
        found = [(match.start(), index, match) for index, pattern in enumerate(patterns)
                 if (match := re.compile(pattern["match"]).search(line.rstrip("\n"), start)) and match.end() > start]
        if not found:
            break
        _, index, match = min(found, key=lambda place: place[:2])
        for group, token in patterns[index].get("captures", {"0": patterns[index]}).items():
            if match[int(group)]:
                scope = max((s for s in names if token["name"].startswith(s)), key=len)
                tokens.append(f"{names[scope]} {match[int(group)].strip()}")
        start = match.end()
    if tokens:
        print(number, ",".join(tokens))
END
ok_if_files_equal "the TextMate grammar knows each token" "$scratch/expected" "$scratch/tokens"

done_testing
