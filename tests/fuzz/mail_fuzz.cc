// Whatever a subject, a text or an address holds, the message on the wire is ASCII lines with CRLF ends, carries each
// header once, and none that its text brought along.
//
// The input is three pieces between NULs: an address, the subject, the text.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>

#include "casework/alerts/mail_message.h"

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

std::string_view next_piece(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\0'), rest.size());
  const std::string_view piece = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return piece;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace schoolgate::casework;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const std::string address(next_piece(rest));
  MailMessage message;
  message.from = "gateway@school.example";
  message.to = is_plain_address(address) ? address : "dsl@school.example";
  message.subject = next_piece(rest);
  message.text = rest;
  message.id = "01a207be-9420-7c90-a08e-d77677425b9d";
  message.important = size % 2 == 0;
  const std::string wire = to_rfc5322(message);

  const std::size_t body = wire.find("\r\n\r\n");
  must(body != std::string::npos);
  for (std::size_t i = 0; i < wire.size(); ++i) {
    const auto c = static_cast<unsigned char>(wire[i]);
    must(c < 0x7F && (c >= 0x20 || c == '\r' || c == '\n' || c == '\t'));
    if (c == '\r') must(i + 1 < wire.size() && wire[i + 1] == '\n');
    if (c == '\n') must(i > 0 && wire[i - 1] == '\r');
  }
  std::set<std::string> names;
  std::string_view head(wire.data(), body + 2);
  while (!head.empty()) {
    const std::size_t end = head.find("\r\n");
    const std::string_view line = head.substr(0, end);
    must(!line.empty() && line.size() <= 998);
    head.remove_prefix(end + 2);
    if (line.front() == ' ' || line.front() == '\t') continue;  // goes on
    const std::size_t colon = line.find(':');
    must(colon != std::string_view::npos && names.emplace(line.substr(0, colon)).second);
  }
  static const std::set<std::string> kKnown = {"From",           "To",
                                               "Subject",        "Date",
                                               "Message-ID",     "MIME-Version",
                                               "Content-Type",   "Content-Transfer-Encoding",
                                               "Auto-Submitted", "X-Auto-Response-Suppress",
                                               "Importance",     "X-Priority",
                                               "Priority",       "Precedence"};
  for (const std::string& name : names) must(kKnown.contains(name));
  must(names.contains("Subject") && names.contains("To") && names.contains("From"));
  return 0;
}
