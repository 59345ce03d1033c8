#include "content/phrase_pack.h"

#include <algorithm>
#include <charconv>

#include "base/ascii.h"
#include "content/charset.h"
#include "content/word_stream.h"

namespace schoolgate::content {
namespace {

constexpr std::size_t kLongestPart = 200, kMostParts = 8, kMostLines = 500'000;

/// Calls line(text, number) for each line that is not empty.
template <class Line>
void for_each_line(std::string_view text, Line&& line) {
  int number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view whole = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (++number > int(kMostLines)) return;
    if (!whole.empty()) line(whole, number);
  }
}

class PackReader {
 public:
  PackReader(std::string_view file, Problems& problems) : file_(file), problems_(problems) {}

  void error(int line, std::string message, std::string hint = {}) {
    add(Problem::Severity::error, line, message, hint);
  }
  void warning(int line, std::string message, std::string hint = {}) {
    add(Problem::Severity::warning, line, message, hint);
  }

  /// The form that is looked for; empty, with an error, where there is none. `from_start`, `to_end`: the first word
  /// begins there, the last one ends there.
  std::string part(std::string_view text, bool from_start, bool to_end, int line) {
    std::string words = words_of(text);
    if (words.empty()) return error(line, "no word in '" + std::string(text) + "'"), words;
    if (words.size() > kLongestPart) return error(line, "a phrase is longer than 200 bytes"), std::string();
    if (!to_end) words.pop_back();
    if (!from_start) words.erase(0, 1);
    if (words.size() < 3) return error(line, "'" + std::string(text) + "' is too short"), std::string();
    return words;
  }

 private:
  void add(Problem::Severity severity, int line, std::string& message, std::string& hint) {
    static constexpr std::size_t kMostProblems = 50;
    if (problems_.size() >= kMostProblems) return;
    problems_.push_back({severity, {std::string(file_), line, 1}, std::move(message), std::move(hint)});
  }
  std::string_view file_;
  Problems& problems_;
};

/// "60 kill yourself + now": nothing where it is no phrase, and the problem is told.
bool read_phrase_line(std::string_view line, int number, PackReader& reader, Phrase& phrase) {
  const std::size_t blank = std::min(line.find_first_of(kAsciiBlanks), line.size());
  const std::string_view weight = line.substr(0, blank);
  const auto read = std::from_chars(weight.data(), weight.data() + weight.size(), phrase.weight);
  const bool whole = read.ec == std::errc() && read.ptr == weight.data() + weight.size();
  if (!whole || phrase.weight == 0 || std::abs(phrase.weight) > kLargestWeight)
    return reader.error(number, "'" + std::string(weight) + "' is not a weight",
                        "a line is a weight from -200 to 200, then a phrase"),
           false;
  std::string_view rest = trimmed(line.substr(blank));
  for (;;) {
    const std::size_t plus = std::min(rest.find(" + "), rest.size());
    std::string_view text = trimmed(rest.substr(0, plus));
    const bool goes_on = text.ends_with('*');
    if (goes_on) text.remove_suffix(1);
    if (text.contains('*')) return reader.error(number, "a '*' stands at the end of a phrase only"), false;
    std::string part = reader.part(text, true, !goes_on, number);
    if (part.empty()) return false;
    phrase.parts.push_back(std::move(part));
    if (plus == rest.size()) break;
    rest.remove_prefix(plus + 3);
  }
  if (phrase.parts.size() > kMostParts) return reader.error(number, "more than 8 phrases with '+'"), false;
  return true;
}

/// "< one >,<two><50>".
bool read_e2guardian_line(std::string_view line, int number, PackReader& reader, Phrase& phrase) {
  phrase.weight = kLargestWeight;
  while (!line.empty()) {
    const std::size_t end = line.find('>');
    if (!line.starts_with('<') || end == std::string_view::npos)
      return reader.warning(number, "not a phrase, and left out: " + std::string(line.substr(0, 40))), false;
    const std::string_view text = line.substr(1, end - 1);
    line = trimmed(line.substr(end + 1));
    const bool more = line.starts_with(',');
    if (more) line = trimmed(line.substr(1));
    int weight = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), weight);
    if (!phrase.parts.empty() && !more && line.empty() && !text.empty() && read.ptr == text.data() + text.size()) {
      phrase.weight = std::clamp(weight, -kLargestWeight, kLargestWeight);
      continue;
    }
    std::string part = words_of(text);
    if (part.size() < 5 || part.size() > kLongestPart)
      return reader.warning(number, "a phrase of less than three letters is left out"), false;
    if (!text.ends_with(' ')) part.pop_back();
    if (!text.starts_with(' ')) part.erase(0, 1);
    phrase.parts.push_back(std::move(part));
  }
  return phrase.weight != 0 && !phrase.parts.empty() && phrase.parts.size() <= kMostParts;
}

std::string as_utf8(std::string_view text) {
  std::string out;
  const CharsetDecoder::Sink sink = [&](std::string_view piece) { out += piece; };
  CharsetDecoder decoder("");
  decoder.feed(text, sink);
  decoder.finish(sink);
  return out;
}

}  // namespace

std::vector<Phrase> read_phrases(std::string_view text, std::string_view file, Problems& problems) {
  std::vector<Phrase> phrases;
  PackReader reader(file, problems);
  std::string category;
  for_each_line(text, [&](std::string_view line, int number) {
    line = trimmed(line.substr(0, line.find('#')));
    if (line.empty()) return;
    if (line.starts_with('[')) {
      category = line.ends_with(']') ? trimmed(line.substr(1, line.size() - 2)) : std::string_view();
      if (category.empty()) reader.error(number, "no category in '" + std::string(line) + "'", "such as [self-harm]");
      return;
    }
    Phrase phrase{.category = category, .parts = {}};
    if (!read_phrase_line(line, number, reader, phrase)) return;
    if (category.empty()) return reader.error(number, "a phrase before the first category", "such as [self-harm]");
    phrases.push_back(std::move(phrase));
  });
  return phrases;
}

std::vector<Phrase> read_e2guardian_phrases(std::string_view text, std::string_view category, std::string_view file,
                                            Problems& problems) {
  std::vector<Phrase> phrases;
  PackReader reader(file, problems);
  for_each_line(as_utf8(text), [&](std::string_view line, int number) {
    if (line.starts_with('#')) return;
    Phrase phrase{.category = std::string(category), .parts = {}};
    if (read_e2guardian_line(line, number, reader, phrase)) phrases.push_back(std::move(phrase));
  });
  return phrases;
}

}  // namespace schoolgate::content
