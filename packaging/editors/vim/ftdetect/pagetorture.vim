" SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
" Names that end in .page are Mallard's too, which vim takes all of them for: the first word
" tells.
autocmd BufNewFile,BufRead *.page if join(getline(1, 50), "\n") =~# '\v^%(\s*%(#[^\n]*)?\n)*\s*pagetorture>' | set filetype=pagetorture | endif
