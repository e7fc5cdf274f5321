# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Colours for page programs: vim finds its files where they are installed, other editors
# are told of the TextMate grammar by hand (doc/install.md).

vimdir = @vimdir@
vimftdetectdir = $(vimdir)/ftdetect
vimftplugindir = $(vimdir)/ftplugin
vimsyntaxdir = $(vimdir)/syntax

dist_vimftdetect_DATA = %D%/vim/ftdetect/pagetorture.vim
dist_vimftplugin_DATA = %D%/vim/ftplugin/pagetorture.vim
nodist_vimsyntax_DATA = %D%/vim/syntax/pagetorture.vim
