# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Syntax highlighting for page programs: vim finds its installed files, other editors
# load the TextMate grammar by hand (doc/install.md).

vimdir = @vimdir@
vimftdetectdir = $(vimdir)/ftdetect
vimftplugindir = $(vimdir)/ftplugin
vimsyntaxdir = $(vimdir)/syntax

dist_vimftdetect_DATA = %D%/vim/ftdetect/pagetorture.vim
dist_vimftplugin_DATA = %D%/vim/ftplugin/pagetorture.vim
nodist_vimsyntax_DATA = %D%/vim/syntax/pagetorture.vim
