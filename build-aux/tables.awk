# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Fills in a template from the tables of the source, so that nothing repeats them by hand:
#
#   awk -f tables.awk ops.def rules.def tool_help.i TEMPLATE
#
# ops.def and rules.def have one row for each call or rule. tool_help.i has the help text of each command, after a
# line `@command FILE`. In the template, these directives stand for rows of the tables:
#
#   @calls SEPARATOR@, @rules SEPARATOR@    all names, in one line
#   @for call KINDS ... @end                these lines for each call of that kind: the letter of
#                                           its first argument in ops.def, - for n or none, * for all
#   @for rule ... @end                      these lines for each rule
#   @for option COMMAND ... @end            these lines for each option but --help
#   @numbers A, B@                          the numbers as bytes hold them (number.h)
#
# Between @for and @end, @name@ is the name of the row, @item@ and @text@ are its heading and its explanation in
# mdoc, and @example@ is an example of the call as text.

BEGIN { FS = "\n" }

FNR == 1 {
	file = FILENAME
	sub(/.*\//, "", file)
	kind = file == "ops.def" ? "OP" : file == "rules.def" ? "RULE" : file == "tool_help.i" ? "help" : ""
	comment = 0
}

kind == "help" { read_help($0); next }
kind { read_row($0); next }

/^@for / {
	split($0, word, " ")
	what = word[2]
	filter = word[3]
	body = ""
	collecting = 1
	next
}
/^@end$/ { write_rows(); collecting = 0; next }
collecting { body = body $0 "\n"; next }
{ print fill_line($0) }

# ---- tables ----

# A row ends with a line that ends with `)`. Each string of the row is a column; adjacent strings are one column.
function read_row(line,    id, column, n)
{
	if (line ~ /^\/\*/) comment = 1
	if (comment) { if (line ~ /\*\//) comment = 0; return }
	row = row line
	if (line !~ /\)$/) return
	gsub(/"[ \t]+"/, "", row)
	id = row
	sub(/^[A-Z]*\(/, "", id)
	sub(/,.*/, "", id)
	n = split(row, column, "\"")
	if (kind == "OP") {
		call[++calls] = id
		letters[id] = column[2]
		arguments[id] = column[4]
		text["call", id] = column[6]
	} else {
		rule[++rules] = column[2]
		text["rule", column[2]] = column[n - 1]
	}
	row = ""
}

# Collects the help text of a command, which is string literals.
function read_help(line,    list, i, n)
{
	if (line ~ /^@command /) {
		command = line
		gsub(/.*command_|\.c$/, "", command)
		gsub(/_/, "-", command)
		return
	}
	help = help line
	if (line !~ /;$/) return
	gsub(/\\"/, "\001", help)
	sub(/^[^"]*"/, "", help)
	gsub(/"[ \t]*"/, "", help)
	gsub(/\001/, "\"", help)
	n = split(help, list, /\\n/)
	last = ""
	for (i = 1; i <= n && list[i] !~ /^Examples:/; i++)
		read_help_line(list[i])
	help = ""
}

# Reads a line of a help text: an option, or more text of the option before.
function read_help_line(line,    option)
{
	if (line !~ /^  /) { last = ""; return }
	if (line ~ /^  -/ && match(line, /^  (-[a-z](, )?)?(--[a-z0-9-]+)?( [A-Z][A-Za-z]*(,\.\.\.)?|\[=[A-Z]+\])? /)) {
		option = substr(line, 3, RLENGTH - 3)
		sub(/ +$/, "", option)
		last = option == "--help" ? "" : option
		if (last) options[command, ++count[command]] = last
		text[command, last] = substr(line, RLENGTH + 1)
	} else if (last) {
		text[command, last] = text[command, last] " " line
	}
}

# ---- rows ----

function is_of_kind(letter, kinds)
{
	letter = tolower(letter)
	return kinds == "*" || index(kinds, letter ~ /^[pkums]$/ ? letter : "-")
}

function write_rows(    i)
{
	if (what == "call")
		for (i = 1; i <= calls; i++) {
			if (is_of_kind(substr(letters[call[i]], 1, 1), filter))
				write_row(call[i], call_item(call[i]), mdoc_text(text["call", call[i]]), example(call[i]))
		}
	else if (what == "rule")
		for (i = 1; i <= rules; i++)
			write_row(rule[i], ".It Cm " rule[i], mdoc_text(text["rule", rule[i]]), "")
	else if (what == "option") {
		if (!count[filter])
			fail("there are no options of " filter)
		for (i = 1; i <= count[filter]; i++)
			write_row("", option_item(options[filter, i]), mdoc_text(text[filter, options[filter, i]]), "")
	} else
		fail("there is no table " what)
}

function write_row(name, item, explanation, sample,    line)
{
	line = body
	line = put(line, "@name@", name)
	line = put(line, "@item@", item)
	line = put(line, "@text@", explanation)
	line = put(line, "@example@", sample)
	printf "%s", line
}

# Like gsub(), but no character of @with is special.
function put(line, what, with,    at, out)
{
	out = ""
	while ((at = index(line, what))) {
		out = out substr(line, 1, at - 1) with
		line = substr(line, at + length(what))
	}
	return out line
}

# ---- mdoc ----

function mdoc_text(sentence)
{
	gsub(/  +/, " ", sentence)
	sub(/^ /, "", sentence)
	gsub(/\\/, "\\e", sentence)
	gsub(/--/, "\\-\\-", sentence)
	sentence = toupper(substr(sentence, 1, 1)) substr(sentence, 2)
	# A sentence begins on a line of its own.
	while (match(sentence, /[a-z)]\. [A-Z]/))
		sentence = substr(sentence, 1, RSTART + 1) "\n" substr(sentence, RSTART + 3)
	return sentence ~ /\.$/ ? sentence : sentence "."
}

function call_item(name,    fills, list)
{
	fills = substr(letters[name], 1, 1)
	fills = fills ~ /[A-Z]/ ? "Ar " tolower(fills) " No = " : ""
	list = arguments[name]
	gsub(/, /, " , ", list)
	sub(/\[ , /, " Op , Ar ", list)
	sub(/\]$/, "", list)
	return ".It " fills "Ic " name (list == "" ? "" : " Ns Pq Ar " list)
}

function option_item(option,    value)
{
	value = ""
	if (match(option, /\[=[A-Z]+\]$/))
		value = " Ns Oo = Ns Ar " substr(option, RSTART + 2, RLENGTH - 3) " Oc"
	else if (match(option, / [A-Z].*$/))
		value = " Ar " substr(option, RSTART + 1)
	if (RSTART > 0)
		option = substr(option, 1, RSTART - 1)
	sub(/,\.\.\.$/, " Ns ,...", value)
	sub(/, /, " , ", option)
	sub(/--/, "Fl \\-", option)
	sub(/^-/, "Fl ", option)
	return ".It " option value
}

# ---- dictionaries ----

# A call with the first handle of each kind and small arguments.
function example(name,    i, letter, list, argument, fills)
{
	argument["n"] = "0"
	argument["v"] = "0x11"
	argument["g"] = "GFP_KERNEL"
	argument["z"] = "64"
	list = fills = ""
	for (i = 1; i <= length(letters[name]); i++) {
		letter = substr(letters[name], i, 1)
		if (letter ~ /[A-Z]/)
			fills = tolower(letter) "0 = "
		else if (letter != "f")
			list = list (list == "" ? "" : ", ") (letter in argument ? argument[letter] : letter "0")
	}
	return fills name "(" list ")"
}

# Formats a number as two bytes, the lower byte first: two bits select the base, 14 bits are the distance from it.
function pack(number,    word, base, distance)
{
	base = distance = 0
	if (match(number, /^SIZE_MAX/))
		base = 3
	else if (match(number, /^0x8000000000000/))
		base = 2
	else if (match(number, /^0x10000/))
		base = 1
	else if (match(number, /^PAGE_SIZE/))
		distance = 4096
	if (RSTART > 0) {
		word = substr(number, RLENGTH + 1)
		distance += word ~ /^-/ && base < 3 ? -value(substr(word, 2)) : value(word ~ /^[-+]/ ? substr(word, 2) : word)
	} else
		distance = value(number)
	distance += base * 16384
	return sprintf("\\x%02x\\x%02x", distance % 256, int(distance / 256))
}

function value(word,    i, sum)
{
	if (word !~ /^0x/) {
		sub(/^0+/, "", word)
		return word + 0
	}
	sum = 0
	for (i = 3; i <= length(word); i++)
		sum = sum * 16 + index("0123456789abcdef", substr(word, i, 1)) - 1
	return sum
}

# ---- a line of the template ----

function fill_line(line,    list, i, words, n)
{
	if (match(line, /^@numbers .*@$/)) {
		line = substr(line, 10, length(line) - 10)
		n = split(line, words, ", ")
		list = ""
		for (i = 1; i <= n; i++)
			list = list pack(words[i])
		return "# " line "\n\"" list "\""
	}
	while (match(line, /@(calls|rules) [^@]*@/))
		line = substr(line, 1, RSTART - 1) names(substr(line, RSTART, RLENGTH)) \
			substr(line, RSTART + RLENGTH)
	return line
}

function names(directive,    of_calls, separator, list, i)
{
	of_calls = directive ~ /^@calls/
	separator = substr(directive, 8, length(directive) - 8)
	list = ""
	for (i = 1; i <= (of_calls ? calls : rules); i++)
		list = list (i > 1 ? separator : "") (of_calls ? call[i] : rule[i])
	return list
}

function fail(what)
{
	print FILENAME ":" FNR ": " what > "/dev/stderr"
	exit 1
}
