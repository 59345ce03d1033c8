#include "breaches/line_diff.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace schoolgate::breaches {
namespace {

using Lines = std::vector<std::string_view>;

constexpr std::size_t kMostCompared = 4000;  // lines of the part that differs: bounds the table to 32 MB

Lines split(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return lines;
}

struct Edit {
  char kind;  ///< ' ', '-' or '+'
  std::string_view line;
};

// The longest common subsequence of the middles, by the table of the textbook; what both ends share was taken off
// before.
void append_middle(std::vector<Edit>& edits, const Lines& a, const Lines& b) {
  if (std::min(a.size(), b.size()) > kMostCompared || std::max(a.size(), b.size()) > 4 * kMostCompared) {
    for (const auto line : a) edits.push_back({'-', line});
    for (const auto line : b) edits.push_back({'+', line});
    return;
  }
  const std::size_t width = b.size() + 1;
  std::vector<std::uint16_t> common((a.size() + 1) * width, 0);
  for (std::size_t i = a.size(); i-- > 0;)
    for (std::size_t j = b.size(); j-- > 0;)
      common[i * width + j] = a[i] == b[j] ? std::uint16_t(common[(i + 1) * width + j + 1] + 1)
                                           : std::max(common[(i + 1) * width + j], common[i * width + j + 1]);
  std::size_t i = 0, j = 0;
  while (i < a.size() || j < b.size()) {
    if (i < a.size() && j < b.size() && a[i] == b[j]) {
      edits.push_back({' ', a[i]});
      ++i, ++j;
    } else if (i < a.size() && (j == b.size() || common[(i + 1) * width + j] >= common[i * width + j + 1])) {
      edits.push_back({'-', a[i++]});
    } else {
      edits.push_back({'+', b[j++]});
    }
  }
}

std::vector<Edit> edits_between(const Lines& a, const Lines& b) {
  const auto shared = std::size_t(std::ranges::mismatch(a, b).in1 - a.begin());
  std::size_t tail = 0;
  while (tail < std::min(a.size(), b.size()) - shared && a[a.size() - 1 - tail] == b[b.size() - 1 - tail]) ++tail;
  std::vector<Edit> edits;
  for (std::size_t i = 0; i < shared; ++i) edits.push_back({' ', a[i]});
  append_middle(edits, Lines(a.begin() + std::ptrdiff_t(shared), a.end() - std::ptrdiff_t(tail)),
                Lines(b.begin() + std::ptrdiff_t(shared), b.end() - std::ptrdiff_t(tail)));
  for (std::size_t i = a.size() - tail; i < a.size(); ++i) edits.push_back({' ', a[i]});
  return edits;
}

}  // namespace

std::string line_diff(std::string_view before, std::string_view after, std::size_t context, std::size_t limit) {
  const Lines a = split(before), b = split(after);
  const std::vector<Edit> edits = edits_between(a, b);
  std::string out;
  std::size_t line_a = 1, line_b = 1, next = 0;  // where `next` stands in both texts
  const auto step = [&](const Edit& edit) {
    line_a += edit.kind != '+';
    line_b += edit.kind != '-';
  };
  while (true) {
    std::size_t change = next;
    while (change < edits.size() && edits[change].kind == ' ') ++change;
    if (change == edits.size()) return out;
    const std::size_t begin = std::max(next, change - std::min(change, context));
    // A hunk goes on while the next change is within the context of both.
    std::size_t end = change + 1;
    for (std::size_t at = end, quiet = 0; at < edits.size() && quiet <= 2 * context; ++at) {
      quiet = edits[at].kind == ' ' ? quiet + 1 : 0;
      if (quiet == 0) end = at + 1;
    }
    end = std::min(edits.size(), end + context);
    for (; next < begin; ++next) step(edits[next]);
    const std::size_t from_a = line_a, from_b = line_b;
    std::string hunk;
    for (; next < end; ++next) {
      hunk += edits[next].kind;
      hunk += edits[next].line;
      hunk += '\n';
      step(edits[next]);
    }
    out += "@@ -" + std::to_string(from_a) + ',' + std::to_string(line_a - from_a) + " +" + std::to_string(from_b) +
           ',' + std::to_string(line_b - from_b) + " @@\n" + hunk;
    if (out.size() > limit) {
      out.resize(out.rfind('\n', limit) + 1);
      return out + "(the rest of the differences is left out here)\n";
    }
  }
}

}  // namespace schoolgate::breaches
