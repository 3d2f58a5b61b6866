#!/usr/bin/env python3
"""Makes the pages of the manual out of the public headers.

usage: man.py FOLDER INCLUDE

A page a header, gnezdo-socket.3 of socket.h, and for each function a page of
one line that leads there, so that `man gn_recv` finds it.  They go to FOLDER;
under `meson install` a FOLDER that is relative lies below its prefix.

A header is read as blocks between empty lines: a comment, and below it what it
is about.  In a comment an empty line parts paragraphs, lines that begin with a
tab are shown as they stand, and a line of some blanks, a word, and blanks
again describes that word.
"""
import glob
import os
import re
import sys
import textwrap

SECTION = "3"
COLUMNS = 70
LABEL = re.compile(r" {2,}(\w+) {2,}(\S.*)")
MARK = re.compile(r"\b(?:GN_API|GN_MUST_USE)\s+|\s*\bGN_PRINTF\([^)]*\)")
TYPE = re.compile(r"typedef|struct|enum|#define \w*[^\W_](?!\w)")


class Block:
    """A comment and the declarations below it."""

    def __init__(self, text):
        found = re.match(r"/\*(.*?)\*/[ \t]*\n?", text, re.S)
        self.comment = words(found.group(1)) if found else ""
        self.code = text[found.end():] if found else text
        self.functions = [Function(p) for p in re.findall(
            r"^GN_API.*?;", self.code, re.S | re.M)]
        self.is_type = bool(TYPE.match(self.code))


class Function:
    def __init__(self, prototype):
        self.prototype = " ".join(MARK.sub("", prototype).split())
        self.name = re.search(r"(\w+)\(", self.prototype).group(1)


def words(comment):
    """The words of a comment without its stars."""
    first, *rest = comment.split("\n")
    lines = [first.strip()] + [re.sub(r"^[ \t]*\*? ?", "", l) for l in rest]
    return "\n".join(line.rstrip() for line in lines).strip("\n")


def blocks(text):
    """Splits a header at the empty lines outside of braces."""
    block, depth = "", 0
    for line in text.split("\n") + [""]:
        depth += line.count("{") - line.count("}")
        if line or depth:
            block += line + "\n"
        elif block:
            yield Block(block)
            block = ""


# ---- roff


def escape(text):
    text = text.replace("\\", "\\e").replace("…", "...")
    text = re.sub(r"[^\x00-\x7f]", lambda m: f"\\[u{ord(m[0]):04X}]", text)
    return re.sub(r"^([.'])", r"\\&\1", text)


def literal(text):
    """As escape; a hyphen and quotes are those that a compiler takes."""
    text = escape(text.expandtabs(8)).replace("-", "\\-")
    return text.replace("'", "\\(aq").replace('"', "\\(dq")


def shown(lines):
    return [".PP", ".EX", *map(literal, lines), ".EE"]


def signature(function):
    """The prototype; a line ends only behind a comma."""
    whole = re.sub(r"(?<!,) ", "\0", function.prototype)
    lines = textwrap.wrap(whole, COLUMNS, subsequent_indent="    ")
    return [".B " + re.sub("[ \0]", r"\\ ", literal(line)) for line in lines]


def described(comment):
    """The paragraphs of a comment."""
    at = "start"                        # what the line before belonged to
    for line in comment.rstrip("\n").split("\n"):
        label = LABEL.match(line)
        if line.startswith("\t"):
            yield from [".PP", ".EX"] if at != "shown" else []
            yield literal(line[1:])
            at = "shown"
            continue
        if at == "shown" and line:
            yield ".EE"
        if not line:
            at = at if at == "shown" else "start"
        elif label:
            yield from (".TP", f".I {label[1]}", escape(label[2]))
            at = "label"
        else:
            if at in ("start", "shown"):
                yield ".PP"
            yield escape(line.strip())
            at = "text"
    if at == "shown":
        yield ".EE"


# ---- pages


def page_name(header):
    name = os.path.basename(header)[:-len(".h")]
    return name if name == "gnezdo" else "gnezdo-" + name


def opening(comment):
    """The subject in a few words, the description, and the program."""
    comment, _, program = comment.partition("\t#include")
    subject, _, rest = comment.partition("\n")
    subject = re.sub(r"^\w+\.h: ", "", subject)
    short, _, more = subject.partition(".")
    lines = ("#include" + program).replace("\n\t", "\n").split("\n")
    return short, (more.strip() + "\n" + rest).strip("\n"), lines


def page(header, text, names, version):
    own, found = page_name(header), list(blocks(text))
    short, description, program = opening(found[0].comment)
    functions = [f for block in found for f in block.functions]

    yield f'.TH {own} {SECTION} "" "gnezdo {version}"'
    yield from (".nh", ".ad l")
    yield from (".SH NAME", f"{own} \\- {escape(short)}")
    yield from (".SH SYNOPSIS", ".nf", ".B #include <gnezdo.h>")
    for function in functions:
        yield from (".PP", *signature(function))
    yield from (".fi", ".SH DESCRIPTION", *described(description))
    if any(block.is_type for block in found):
        yield ".SH TYPES AND CONSTANTS"
    for block in found:
        if block.is_type:
            yield from described(block.comment)
            yield from shown(block.code.rstrip("\n").split("\n"))
    if functions:
        yield ".SH FUNCTIONS"
    for block in found:
        for function in block.functions:
            yield from (f".SS {function.name}", ".nf",
                        *signature(function), ".fi")
            yield from described(block.comment)
    yield from (".SH EXAMPLES", *shown(program), ".SH SEE ALSO")
    others = [name for name in names if name != own]
    for name in others:
        yield f".BR {name} ({SECTION})" + ("," if name != others[-1] else "")


def pages(include):
    """(file name, text) of every page.  No program includes base.h."""
    headers = [os.path.join(include, "gnezdo.h")] + sorted(
        path for path in glob.glob(os.path.join(include, "gnezdo", "*.h"))
        if not path.endswith("/base.h"))
    texts = {}
    for header in headers:
        with open(header, encoding="utf-8") as f:
            texts[header] = f.read()
    version = ".".join(re.findall(r"#define GN_VERSION_\w+ (\d+)",
                                  "".join(texts.values())))
    names = [page_name(header) for header in headers]
    for header, text in texts.items():
        own = f"{page_name(header)}.{SECTION}"
        yield own, "\n".join(page(header, text, names, version)) + "\n"
        for block in blocks(text):
            for function in block.functions:
                yield (f"{function.name}.{SECTION}",
                       f".so man{SECTION}/{own}\n")


def installed(folder):
    """Where Meson, if it is what runs us, wants a folder to be."""
    if os.path.isabs(folder):
        return os.environ.get("DESTDIR", "") + folder
    return os.path.join(os.environ.get("MESON_INSTALL_DESTDIR_PREFIX", ""),
                        folder)


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: man.py FOLDER INCLUDE")
    folder = sys.argv[1]
    if "MESON_INSTALL_PREFIX" in os.environ:
        folder = installed(folder)
    os.makedirs(folder, exist_ok=True)
    for name, text in pages(sys.argv[2]):
        with open(os.path.join(folder, name), "w", encoding="ascii") as f:
            f.write(text)


if __name__ == "__main__":
    main()
