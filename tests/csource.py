"""A reader of C sources for checks: enough of the language to find comments,
functions and prototypes, and no more.  It knows no types and expands nothing.
"""
import re

NOISE = re.compile(
    r"/\*.*?(?:\*/|\Z)"                 # a comment
    r"|//[^\n]*"
    r'|"(?:\\.|[^"\\\n])*"?'            # a string
    r"|(?<!\w)'(?:\\.|[^'\\\n])*'?",    # a character
    re.S)
DIRECTIVE = re.compile(r"^[ \t]*#[ \t]*(\w*)(?:[^\n]*\\\n)*[^\n]*", re.M)
ATTRIBUTE = re.compile(r"__attribute__\s*\(\(.*?\)\)", re.S)
# Macros of ours that may stand after a parameter list.
MARK = re.compile(r"\bGNI?_[A-Z_]+\b(?:\s*\([^()]*\))?")
KEYWORDS = {"if", "for", "while", "switch", "return", "sizeof", "else", "do"}


def blanks(text):
    """As many characters and lines as text, and nothing to see."""
    return re.sub(r"[^\n]", " ", text)


class Function:
    """Where a definition is: lines from its name to its closing brace, the
    deepest nesting of braces (its own body is 1)."""

    def __init__(self, name, first, last, depth):
        self.name, self.first, self.last, self.depth = name, first, last, depth
        self.lines = last - first + 1


class Prototype:
    """One declaration that GN_API marks, and the comment right above it."""

    def __init__(self, name, result, parameters, comment, line):
        self.name, self.result, self.parameters = name, result, parameters
        self.comment, self.line = comment, line


class Source:
    """A file's text, and the same with comments and literals blanked."""

    def __init__(self, text):
        self.text = text
        self.lines = text.split("\n")
        if not self.lines[-1]:
            self.lines.pop()
        self.comments = []              # (start, end) in text
        self.code = NOISE.sub(self.blank_noise, text)

    def blank_noise(self, found):
        noise = found.group()
        if noise.startswith("/"):
            self.comments.append(found.span())
            return blanks(noise)
        return noise[0] + blanks(noise[1:])

    def line_at(self, offset):
        return self.text.count("\n", 0, offset) + 1

    def statements(self):
        """The code without directives, and of each conditional only the
        first branch, so that braces balance."""
        kept, at, levels = [], 0, []    # levels: is this branch left out?
        for found in DIRECTIVE.finditer(self.code):
            part = self.code[at:found.start()]
            kept.append(blanks(part) if any(levels) else part)
            kept.append(blanks(found.group()))
            at = found.end()
            word = found.group(1)
            if word in ("if", "ifdef", "ifndef"):
                levels.append(False)
            elif word in ("else", "elif") and levels:
                levels[-1] = True
            elif word == "endif" and levels:
                levels.pop()
        return "".join(kept) + self.code[at:]

    def functions(self):
        found, depth, deepest, name, head = [], 0, 0, None, 0
        code = self.statements()
        for brace in re.finditer(r"[{};]", code):
            sign, at = brace.group(), brace.start()
            if sign == "{":
                if depth == 0:
                    name, deepest = function_name(code[head:at]), 0
                    start = head
                depth += 1
                deepest = max(deepest, depth)
            elif sign == "}":
                depth = max(depth - 1, 0)
                if depth == 0 and name:
                    first = self.line_at(start + name[1])
                    found.append(Function(name[0], first, self.line_at(at),
                                          deepest))
                    name = None
            if depth == 0:
                head = brace.end()
        return found

    def prototypes(self):
        """Every declaration with GN_API."""
        found = []
        for mark in re.finditer(r"\bGN_API\b([^;{]*)[;{]", self.statements()):
            declaration = MARK.sub("", mark.group(1))
            call = re.search(r"\b(\w+)\s*\(", declaration)
            if not call:
                continue
            inside = declaration[call.end():declaration.rindex(")")]
            found.append(Prototype(
                call.group(1), declaration[:call.start()].strip(),
                split_parameters(inside), self.comment_above(mark.start()),
                self.line_at(mark.start())))
        return found

    def comment_above(self, offset):
        """The text of the comment that ends right above, else ''."""
        for start, end in self.comments:
            if end <= offset and not self.text[end:offset].strip():
                return plain_comment(self.text[start:end])
        return ""

    def opening_comment(self):
        """The text of the comment that the file begins with, else ''."""
        if self.comments and self.comments[0][0] == 0:
            return plain_comment(self.text[slice(*self.comments[0])])
        return ""


def function_name(head):
    """The name and its offset if head ends in a parameter list, else None."""
    head = ATTRIBUTE.sub(lambda m: blanks(m.group()), head)
    body = MARK.sub(lambda m: blanks(m.group()), head).rstrip()
    if not body.endswith(")") or "=" in body:
        return None
    depth = 0
    for at in range(len(body) - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(body[at], 0)
        if depth == 0:
            break
    name = re.search(r"(\w+)\s*$", body[:at])
    if not name or name.group(1) in KEYWORDS:
        return None
    return name.group(1), name.start()


def split_parameters(text):
    """At the commas that stand in no parentheses."""
    parts, depth, last = [], 0, 0
    for at, sign in enumerate(text):
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if sign == "," and depth == 0:
            parts.append(text[last:at])
            last = at + 1
    return [" ".join(p.split()) for p in parts + [text[last:]]]


def plain_comment(text):
    """The words of a comment, without its marks; indentation stays."""
    body = re.sub(r"^/\*+|\*+/$|^//", "", text.strip())
    lines = [re.sub(r"^[ \t]*\*(?=\s|$) ?", "", line)
             for line in body.split("\n")]
    return "\n".join(line.rstrip() for line in lines).strip("\n").lstrip(" ")


def program_in(comment):
    """The program in a comment, and the number of its first line there: what
    an indented block with main() has from its first #include on; ('', 0) if
    there is none."""
    block = []                          # (number, line)
    for number, line in enumerate(comment.split("\n") + ["end"], 1):
        if line.startswith("\t") or not line.strip():
            if block or line.startswith("\t#include"):
                block.append((number, line[1:]))
            continue
        if any(re.match(r"int main\(", text) for _, text in block):
            break
        block = []
    text = "\n".join(text for _, text in block)
    return (text.rstrip("\n") + "\n", block[0][0]) if block else ("", 0)
