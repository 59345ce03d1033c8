"""The shape of a C++ file by its braces: its functions and classes, and how many lines each has.

No parser: comments and literals are blanked first, then each opening brace is told by the words before it. That is
enough for code that clang-format has laid out.
"""

import bisect
import dataclasses
import re

BLANKED = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<!\w)\'(?:\\.|[^\'\\\n])+\'', re.S)
CLASS_WORD = re.compile(r"\b(?:class|struct|union)\b(?!.*\()", re.S)
CLASS_NAME = re.compile(r"\b(?:class|struct|union)\s+(?:alignas\([^)]*\)\s*)?(?:\[\[[^\]]*\]\]\s*)?(\w+(?:\s*<[^<>]*>)?(?:::\w+)*)", re.S)
FUNCTION_NAME = re.compile(r"((?:\w+(?:<[^<>()]*>)?::)*(?:operator\s*(?:\(\)|[^\s(]+)|~?\w+))\s*\($")


def code_only(text: str) -> str:
    """The text with comments, literals and preprocessor lines blanked; lines keep their numbers."""
    blank = lambda match: re.sub(r"[^\n]", " ", match.group())
    return re.sub(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", blank, BLANKED.sub(blank, text), flags=re.M)


@dataclasses.dataclass
class Block:
    kind: str  # "function", "class", "namespace" or "other"
    name: str  # as written: "DeskStore::change", "PeopleStore::State"; empty for namespaces and others
    first: int  # line of the first word before its brace
    opens: int  # line of the brace
    last: int = 0
    inside: str = ""  # the classes around it, outermost first: "DeskStore::Canary"

    @property
    def lines(self) -> int:
        return self.last - self.first + 1

    @property
    def body(self) -> int:
        """Lines between the braces."""
        return max(0, self.last - self.opens - 1)


def name_before_parameters(header: str) -> str:
    """Of 'Result<void> Outbox::put(const X& x) const': 'Outbox::put'."""
    depth = 0
    for at, c in enumerate(header):
        if c in "<":
            depth += 1
        elif c == ">" and depth and header[at - 1] != "-":
            depth -= 1
        elif c == "(" and depth == 0:
            match = FUNCTION_NAME.search(header[: at + 1])
            if match:
                return re.sub(r"\s+", "", match.group(1))
    match = re.search(r"(~?\w[\w:]*)\s*\(", header)
    return match.group(1) if match else ""


def kind_of(header: str) -> str:
    words = header.strip()
    if re.search(r"\bnamespace\b", words) or re.fullmatch(r"extern", words):
        return "namespace"
    if re.search(r"\benum\b", words):
        return "other"
    without_template = re.sub(r"\btemplate\s*<[^{}]*?>\s*(?=class|struct|union|requires|\w)", "", words) if words.startswith("template") else words
    if CLASS_WORD.search(without_template) and not re.search(r"[)=]\s*$", without_template):
        return "class"
    if "(" in words and not re.search(r"=\s*(?:\w[\w:<>, ]*)?$", words):
        return "function"
    return "other"


def blocks(text: str) -> list[Block]:
    """Functions (not those inside functions) and classes of a file."""
    code = code_only(text)
    found: list[Block] = []
    stack: list[Block] = []
    parens = 0
    start = 0  # where the words before the next brace begin
    breaks = [at for at, c in enumerate(code) if c == "\n"]
    line_of = lambda at: bisect.bisect_left(breaks, at) + 1
    for match in re.finditer(r"[(){};]", code):
        at, c = match.start(), match.group()
        within = any(block.kind in ("function", "other") for block in stack)
        if c == "(":
            parens += 1
        elif c == ")":
            parens -= 1
        elif c == "{":
            if within or parens > 0:
                stack.append(Block("other", "", line_of(at), line_of(at)))
                continue
            header = code[start:at]
            words = header.strip()
            first = line_of(start + len(header) - len(header.lstrip()))
            # What follows a member that an initialiser list has set with braces belongs to the same function.
            if found and found[-1].kind == "function" and (words == "" or words.startswith(",")):
                block = found.pop()
                block.opens, block.last = line_of(at), 0
            else:
                words = re.sub(r"^(?:\s*(?:public|private|protected)\s*:)+", "", words).strip()
                kind = kind_of(words)
                name = ""
                if kind == "class":
                    match = CLASS_NAME.search(words)
                    name = re.sub(r"\s+|<.*?>", "", match.group(1)) if match else ""
                elif kind == "function":
                    name = name_before_parameters(words)
                block = Block(kind, name, first, line_of(at), inside="::".join(b.name for b in stack if b.kind == "class"))
            stack.append(block)
            start = at + 1
        elif c == "}":
            if not stack:
                continue
            block = stack.pop()
            block.last = line_of(at)
            if block.kind in ("function", "class") and block.name:
                found.append(block)
            if not any(b.kind in ("function", "other") for b in stack):
                start = at + 1
        elif c == ";" and not within and parens == 0:
            start = at + 1
    return found
