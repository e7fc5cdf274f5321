# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause

dist-hook:
	$(MKDIR_P) $(distdir)/corpus/seed/fuzz_api && \
	  cp $(srcdir)/corpus/seed/fuzz_api/*.calls $(distdir)/corpus/seed/fuzz_api
	for directory in bugs rules regress seed/fuzz_explore seed/fuzz_fatal seed/fuzz_fault seed/fuzz_page seed/fuzz_race seed/fuzz_text; do \
	  $(MKDIR_P) $(distdir)/corpus/$$directory && \
	  cp $(srcdir)/corpus/$$directory/*.page $(distdir)/corpus/$$directory || exit 1; \
	done

EXTRA_DIST += %D%/README.md

# Run the corpus as a regression test: in every flavour, with each backend, in two orders.
replay_corpus = $(srcdir)/%D%/regress $(srcdir)/%D%/rules $(srcdir)/%D%/seed

#: replay  replay the corpus in every flavour, backend and two orders
replay: all
	@CC='$(CC)' $(SHELL) $(srcdir)/build-aux/replay.sh $(srcdir) $(replay_corpus)

# The seeds in the form that the engines read, one directory for each target. A target whose calls the
# page library lacks (src/page_stubs/absent.c) gets no seeds; make prints its name.
#: seeds  write the seeds as the fuzzing engines read them
seeds: fuzz_api-replay$(EXEEXT) pagetorture$(EXEEXT) fuzz/bytes.dict fuzz/text.dict
	@rm -rf seeds/fuzz_api seeds/fuzz_api.dict; \
	lacks=`./fuzz_api-replay$(EXEEXT) --help 2>&1 >/dev/null`; \
	if test $$? -eq 69; then \
	  echo "skipped: seeds of fuzz_api: $${lacks#*: skipped: }"; exit 0; fi; \
	$(MKDIR_P) seeds/fuzz_api && cp fuzz/bytes.dict seeds/fuzz_api.dict && \
	for calls in $(srcdir)/corpus/seed/fuzz_api/*.calls; do \
	  ./fuzz_api-replay$(EXEEXT) --bytes $$calls >seeds/new && \
	    mv seeds/new seeds/fuzz_api/`basename $$calls .calls`.bin || exit 1; \
	done
	@$(MKDIR_P) seeds/fuzz_text && \
	  cp $(srcdir)/corpus/rules/*.page $(srcdir)/corpus/seed/fuzz_text/*.page seeds/fuzz_text && \
	  cp fuzz/text.dict seeds/fuzz_text.dict
	@for target in fuzz_explore fuzz_fatal fuzz_fault fuzz_page fuzz_race; do \
	  $(MKDIR_P) seeds/$$target && cp fuzz/bytes.dict seeds/$$target.dict && \
	  for page in $(srcdir)/corpus/rules/*.page $(srcdir)/corpus/seed/$$target/*.page; do \
	    ./pagetorture$(EXEEXT) convert --bytes $$page >seeds/new 2>seeds/left-out && \
	      mv seeds/new seeds/$$target/`basename $$page .page`.bin || { cat seeds/left-out >&2; exit 1; }; \
	  done; \
	done; rm seeds/left-out

clean-local: clean-seeds
clean-seeds:
	rm -rf seeds

.PHONY: replay seeds clean-seeds
