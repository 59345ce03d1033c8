#include "app/group_question.h"

#include <algorithm>
#include <charconv>

#include "app/arguments.h"
#include "rules/presence.h"

namespace schoolgate::app {
namespace {

using Words = std::span<const std::string_view>;

struct Question {
  std::string_view command, verb;
  std::vector<std::string_view> options, switches;
  std::size_t words = 0;
};

// What is not here is not to be asked: the options that name a person, or write a file, among them.
const std::vector<Question>& questions() {
  static const std::vector<Question> all{
      {"check", "", {}, {"--json"}},
      {"explain", "", {"--group", "--address", "--device", "--at", "--method", "--from"}, {"--json"}, 1},
      {"needs", "", {"--group", "--site", "--since"}, {"--json"}},
      {"lists", "status", {}, {"--json"}},
      {"inspect-report", "", {"--group"}, {"--json"}},
      {"breaches", "find", {}, {"--json"}, 1},
      {"report", "numbers", {"--since", "--until"}, {"--json"}},
  };
  return all;
}

const Question* question_of(Words words) noexcept {
  if (words.empty()) return nullptr;
  const auto found = std::ranges::find_if(questions(), [&](const Question& question) {
    return question.command == words[0] && (question.verb.empty() || (words.size() > 1 && question.verb == words[1]));
  });
  return found == questions().end() ? nullptr : &*found;
}

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._/:=,").contains(c);
}

std::optional<std::string> decoded(std::string_view word) {
  std::string out;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (word[i] != '%') {
      if (!is_plain(word[i])) return std::nullopt;
      out += word[i];
      continue;
    }
    unsigned value = 0;
    if (i + 2 >= word.size()) return std::nullopt;
    const char* const digits = word.data() + i + 1;
    if (const auto [end, error] = std::from_chars(digits, digits + 2, value, 16);
        error != std::errc() || end != digits + 2)
      return std::nullopt;
    out += char(value);
    i += 2;
  }
  return out.contains('\0') ? std::nullopt : std::optional(std::move(out));
}

}  // namespace

bool is_group_question(Words words) noexcept { return question_of(words) != nullptr; }

Result<void> may_be_asked(Words words) {
  const Question* const question = question_of(words);
  if (!question)
    return fail(Fault::client, "this is no question that the gateway answers to members of its group", "ask as root");
  const Words rest = words.subspan(question->verb.empty() ? 1 : 2);
  for (const std::string_view word : rest) {
    const std::string_view name = word.substr(0, word.find('='));
    if (question->command == "explain" && (name == "--user" || name == "--groups"))
      return fail(Fault::client, "cannot read who a person is: persons are withheld from members of the group",
                  "ask for a --group, or as root");
  }
  const auto arguments = Arguments::read(rest, {.options = question->options,
                                                .switches = question->switches,
                                                .least_words = question->words,
                                                .most_words = question->words});
  if (!arguments) return std::unexpected(arguments.error());
  if (arguments->has("--device") &&
      std::ranges::find(rules::kDeviceKinds, arguments->get("--device")) == rules::kDeviceKinds.end())
    return fail(Fault::client, "cannot read whose a device is: devices are withheld from members of the group",
                "name a kind (school, staff, phone, console, guest, unknown), or ask as root");
  return {};
}

std::string request_of(Words words) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string line = "ask";
  for (const std::string_view word : words) {
    line += ' ';
    for (const char c : word) {
      if (is_plain(c))
        line += c;
      else
        (line += '%') += {kHex[static_cast<unsigned char>(c) >> 4], kHex[static_cast<unsigned char>(c) & 15]};
    }
  }
  return line;
}

std::optional<std::vector<std::string>> words_in(std::string_view request) {
  constexpr std::string_view kAsk = "ask ";
  if (!request.starts_with(kAsk)) return std::nullopt;
  request.remove_prefix(kAsk.size());
  std::vector<std::string> words;
  while (true) {
    const std::size_t blank = request.find(' ');
    auto word = decoded(request.substr(0, blank));
    if (!word) return std::nullopt;
    words.push_back(std::move(*word));
    if (blank == std::string_view::npos) return words;
    request.remove_prefix(blank + 1);
  }
}

std::string text_of(const Printed& printed) {
  return std::to_string(printed.status) + ' ' + std::to_string(printed.err.size()) + '\n' + printed.err + printed.out;
}

std::optional<Printed> printed_in(std::string_view text) {
  Printed printed;
  std::size_t size = 0;
  const char* const end = text.data() + text.size();
  const auto [after, wrong] = std::from_chars(text.data(), end, printed.status);
  if (wrong != std::errc() || after == end || *after != ' ') return std::nullopt;
  const auto [line_end, wrong_too] = std::from_chars(after + 1, end, size);
  if (wrong_too != std::errc() || line_end == end || *line_end != '\n' || std::size_t(end - line_end - 1) < size)
    return std::nullopt;
  printed.err.assign(line_end + 1, size);
  printed.out.assign(line_end + 1 + size, end);
  return printed;
}

}  // namespace schoolgate::app
