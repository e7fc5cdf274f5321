" SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
" Page programs: pagetorture-program(5). A call that is not marked is none.
if exists('b:current_syntax')
  finish
endif

syntax case match
syntax match pagetortureComment /#.*/ contains=@Spell
syntax match pagetortureHeader /^\s*pagetorture\s\+1\>/
syntax match pagetortureExpect /^\s*expect\>/ nextgroup=pagetortureRule skipwhite
syntax match pagetortureRule /\<\%(clean\|data-race\|deadlock\|foreign-map\|map-overflow\|out-of-bounds\|uninit-use\|unmap-order\|use-after-free\|use-after-unmap\)\>-\@!/ contained
syntax match pagetortureThread /\<\%(main\|T[0-7]\)\>\ze\s*:/
syntax match pagetortureResource /\<\%(p[0-7]\|k\%([12]\=[0-9]\|3[01]\)\|[ums][0-3]\)\>/
syntax match pagetortureNumber /\<\%(0[xX]\x\+\|\d\+\)\>/
syntax match pagetortureResult /\%(->\s*\)\@<=\%(0\|EINVAL\|EFAULT\|ENOMEM\)\>/
syntax keyword pagetortureConstant PAGE_SIZE SIZE_MAX
syntax keyword pagetortureFlag GFP_KERNEL GFP_ATOMIC GFP_NOWAIT GFP_NOIO
syntax keyword pagetortureFlag __GFP_ZERO __GFP_HIGHMEM __GFP_NOFAIL
syntax keyword pagetortureCall alloc_page get_page free_page
syntax keyword pagetortureCall read_raw write_raw fill_zero
syntax keyword pagetortureCall read_bytewise_atomic write_bytewise_atomic copy_page
syntax keyword pagetortureCall user_slice skip user_store copy_from_user_slice
syntax keyword pagetortureCall kmap_local load store load_atomic store_atomic kunmap_local
syntax keyword pagetortureCall lock unlock post wait fail_nth

highlight default link pagetortureComment Comment
highlight default link pagetortureHeader PreProc
highlight default link pagetortureExpect Statement
highlight default link pagetortureRule Type
highlight default link pagetortureThread Label
highlight default link pagetortureResource Identifier
highlight default link pagetortureResult Constant
highlight default link pagetortureNumber Number
highlight default link pagetortureConstant Constant
highlight default link pagetortureFlag Special
highlight default link pagetortureCall Function

let b:current_syntax = 'pagetorture'
