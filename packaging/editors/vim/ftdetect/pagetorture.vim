" SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
" vim treats each file *.page as a Mallard file. The first word of a page program is `pagetorture`.
autocmd BufNewFile,BufRead *.page if join(getline(1, 50), "\n") =~# '\v^%(\s*%(#[^\n]*)?\n)*\s*pagetorture>' | set filetype=pagetorture | endif
