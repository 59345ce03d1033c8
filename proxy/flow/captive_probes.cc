#include "proxy/flow/captive_probes.h"

#include <algorithm>
#include <charconv>
#include <tuple>
#include <vector>

#include "embedded/captive_probe_table.h"
#include "proxy/flow/pages.h"

namespace schoolgate::flow {
namespace {

std::string_view take_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  const std::string_view word = line.substr(0, line.find(' '));
  line.remove_prefix(word.size());
  return word;
}

std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool line_end = text.substr(i, 2) == "\\n";
    out += line_end ? '\n' : text[i];
    if (line_end) ++i;
  }
  return out;
}

using Table = std::vector<CaptiveProbe>;

auto place(const CaptiveProbe& probe) { return std::tie(probe.host, probe.path); }

Table read_table(std::string_view text) {
  Table table;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    CaptiveProbe probe;
    probe.host = take_word(line);
    probe.path = take_word(line);
    const std::string_view status = take_word(line);
    std::from_chars(status.data(), status.data() + status.size(), probe.status);
    if (const std::string_view type = take_word(line); type != "-") probe.type = type;
    probe.body = unescaped(line.substr(std::min<std::size_t>(line.size(), 1)));
    table.push_back(std::move(probe));
  }
  std::ranges::sort(table, {}, place);
  return table;
}

const Table& table() {
  static const Table kTable = read_table(embedded::captive_probe_table[0].text);
  return kTable;
}

}  // namespace

const CaptiveProbe* captive_probe(const names::Url& url) noexcept {
  if (url.scheme() != "http" || url.names_only()) return nullptr;
  const std::string_view host = url.host(), path = url.path();
  const Table& probes = table();
  const auto found = std::ranges::lower_bound(probes, std::tie(host, path), {}, place);
  return found != probes.end() && place(*found) == std::tie(host, path) ? &*found : nullptr;
}

std::string probe_answer(const CaptiveProbe& probe, bool keep_alive, bool head_only) {
  std::string answer = "HTTP/1.1 ";
  answer += status_text(probe.status);
  answer += "\r\nCache-Control: no-store\r\n";
  if (!probe.type.empty()) (answer += "Content-Type: ") += std::string(probe.type) + "\r\n";
  // A 204 has no content and no Content-Length (RFC 9110 section 8.6).
  if (probe.status != 204) answer += "Content-Length: " + std::to_string(probe.body.size()) + "\r\n";
  answer += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  if (!head_only) answer += probe.body;
  return answer;
}

}  // namespace schoolgate::flow
