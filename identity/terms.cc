#include "identity/terms.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/file.h"

namespace schoolgate::identity {
namespace {

constexpr std::size_t kLongestTerms = 64u << 10;
constexpr std::size_t kLongestVersion = 32;

// A version of its own for each change, so that everybody is asked again.
constexpr std::string_view kPupil = R"(version: built-in-1
# Using the internet at school

The internet at school is for learning. Here is what we all promise:

- I use my own name and password, and I keep my password secret.
- I look at things that help me learn, or that my teacher said I may.
- I am kind. I do not write things that hurt other people.
- I never tell anybody on the internet my full name, where I live or my telephone number.
- I do not put up pictures of myself or others without asking.
- If I see something that worries me, I close it or turn the screen away, and I tell a grown-up I trust. I will not be
in trouble for telling.
- I do not try to get around the school's filter.

# The school can see what I do

The school's computers watch what is looked at on the internet here. Grown-ups whose job it is to keep us safe can see
which pages I ask for. They do this to look after all of us.

I can talk to Childline about anything, for free, on 0800 1111. The school cannot see that from what I look at.
)";

constexpr std::string_view kStaff = R"(version: built-in-1
# Acceptable use of the internet: staff, governors, volunteers and contractors

- I use my own account, keep its password to myself and lock or sign out of devices that I leave.
- I use the school's systems for the school's work; personal use is occasional, in my own time, and within these terms.
- I do not seek out, store or pass on anything that is illegal, or unsuitable in a school.
- I do not try to go round filtering or monitoring. When a page is wrongly blocked or wrongly open, I report it.
- I treat data about pupils, families and colleagues as confidential.
- I report concerns about a pupil to the designated safeguarding lead at once, and I do not look into them myself.

# Use is monitored

Everything that is asked of the internet here is filtered, and what is blocked or of concern is recorded with the name
of whoever was signed in, the device and the time. The records are looked at for safeguarding and to keep the network
safe; they may be used in disciplinary proceedings. Activity is traceable to me.
)";

constexpr std::string_view kVisitor = R"(version: built-in-1
# Acceptable use of the internet: visitors

You are welcome to use the school's internet for the purpose of your visit, until the time you named.

- Do not show pupils anything on your device unless the member of staff you visit has agreed to it.
- Do not take or share pictures of pupils.
- Do not seek out, store or pass on anything that is illegal, or unsuitable in a school.
- Do not try to go round the filter.
- If something worries you, tell the member of staff you visit or the designated safeguarding lead.

# Use is monitored

Everything that is asked of the internet here is filtered, and what is blocked or of concern is recorded with your name,
your device and the time, and may be seen by the designated safeguarding lead.
)";

constexpr std::array<std::pair<PersonRole, std::string_view>, 3> kFiles{
    {{PersonRole::pupil, "pupil.md"}, {PersonRole::staff, "staff.md"}, {PersonRole::visitor, "visitor.md"}}};

bool is_version(std::string_view text) {
  return !text.empty() && text.size() <= kLongestVersion && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
}

/// RFC 3629: well-formed, and no control characters but line ends and tabs.
bool is_plain_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80) {
      if ((byte < 0x20 && byte != '\n' && byte != '\r' && byte != '\t') || byte == 0x7F) return false;
      ++i;
      continue;
    }
    const std::size_t more = byte >= 0xC2 && byte <= 0xDF   ? 1
                             : byte >= 0xE0 && byte <= 0xEF ? 2
                             : byte >= 0xF0 && byte <= 0xF4 ? 3
                                                            : 0;
    if (more == 0 || i + more >= text.size()) return false;
    for (std::size_t k = 1; k <= more; ++k)
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return false;
    const auto second = static_cast<unsigned char>(text[i + 1]);
    if ((byte == 0xE0 && second < 0xA0) || (byte == 0xED && second > 0x9F) || (byte == 0xF0 && second < 0x90) ||
        (byte == 0xF4 && second > 0x8F))
      return false;
    i += more + 1;
  }
  return true;
}

}  // namespace

Result<TermsText> read_terms(std::string_view text) {
  if (text.size() > kLongestTerms) return fail(Fault::config, "longer than 64 KiB");
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (!is_plain_utf8(text)) return fail(Fault::config, "not UTF-8 text");
  const auto next_line = [&text] {
    const auto end = text.find('\n');
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    return line;
  };
  const std::string_view first = next_line();
  if (!first.starts_with("version:") || !is_version(trimmed(first.substr(8))))
    return fail(Fault::config, "the first line names no version", "write it so: version: 2026-09");

  TermsText terms{.version = std::string(trimmed(first.substr(8))), .blocks = {}, .built_in = false};
  bool open = false;  // the next line goes on with the last block
  while (!text.empty()) {
    const std::string_view line = next_line();
    if (line.empty()) {
      open = false;
    } else if (line.starts_with('#')) {
      const auto words = trimmed(line.substr(std::min(line.find_first_not_of('#'), line.size())));
      if (!words.empty()) terms.blocks.push_back({TermsBlock::Kind::heading, std::string(words)});
      open = false;
    } else if (line.starts_with("- ") || line.starts_with("* ")) {
      terms.blocks.push_back({TermsBlock::Kind::item, std::string(trimmed(line.substr(2)))});
      open = true;
    } else if (open) {
      (terms.blocks.back().text += ' ') += line;
    } else {
      terms.blocks.push_back({TermsBlock::Kind::paragraph, std::string(line)});
      open = true;
    }
  }
  if (terms.blocks.empty()) return fail(Fault::config, "there is no text after the version");
  return terms;
}

Terms::Terms() {
  for (const auto& [role, text] :
       {std::pair{PersonRole::pupil, kPupil}, {PersonRole::staff, kStaff}, {PersonRole::visitor, kVisitor}}) {
    texts_[std::size_t(role)] = read_terms(text).value();
    texts_[std::size_t(role)].built_in = true;
  }
}

Result<Terms> Terms::load(const std::optional<std::filesystem::path>& folder) {
  Terms terms;
  if (!folder) return terms;
  std::error_code error;
  if (!std::filesystem::is_directory(*folder, error))
    return fail(Fault::config, "the folder of the terms of use, " + folder->string() + ", cannot be read",
                "put pupil.md, staff.md and visitor.md there");
  for (const auto& [role, name] : kFiles) {
    const auto file = *folder / name;
    const bool is_there = std::filesystem::exists(file, error);
    if (error) return fail(Fault::config, "cannot look at " + file.string() + ": " + error.message());
    if (!is_there) continue;
    const auto text = read_file(file, kLongestTerms);
    if (!text) return fail(Fault::config, text.error().what, text.error().next);
    auto read = read_terms(*text);
    if (!read) return fail(Fault::config, file.string() + ": " + read.error().what, read.error().next);
    terms.texts_[std::size_t(role)] = *std::move(read);
  }
  return terms;
}

bool Terms::is_due(PersonRole role, const std::optional<TermsAnswer>& last, TimePoint now,
                   std::chrono::seconds renewal) const {
  if (!last || !last->accepted || last->role != role || last->version != text_for(role).version) return true;
  return renewal.count() > 0 && now - last->when >= renewal;
}

}  // namespace schoolgate::identity
