#include "proxy/http/write_head.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "proxy/http/field_names.h"
#include "proxy/http/octets.h"

namespace schoolgate::http {
namespace {

void write_value(HeadWriter& out, const Field& field) noexcept {
  std::string_view rest = field.value;
  while (field.mend && !rest.empty()) {
    const char* const end = rest.data() + rest.size();
    const char* const control = find_below<0x20>(rest.data(), end);
    out << std::string_view(rest.data(), control);
    if (control != end) out << " ";
    rest = std::string_view(control == end ? end : control + 1, end);
  }
  out << rest;
}

// Lines that were received as they will be sent, one after the other, are copied as one run.
void write_fields(HeadWriter& out, const Fields& fields) noexcept {
  const char* run = nullptr;
  const char* run_end = nullptr;
  const auto flush = [&] {
    if (run != run_end) out << std::string_view(run, run_end);
    run = run_end = nullptr;
  };
  for (const Field& field : fields.items()) {
    if (field.drop) continue;
    const bool in_place = field.value.data() == field.name.data() + field.name.size() + 2;
    if (!field.plain || !in_place) {
      flush();
      out << field.name << ": ";
      write_value(out, field);
      out << "\r\n";
      continue;
    }
    if (field.name.data() != run_end) {
      flush();
      run = field.name.data();
    }
    run_end = field.value.data() + field.value.size() + 2;
  }
  flush();
}

void write_via(HeadWriter& out, int major_version, int minor_version, Via via) noexcept {
  if (via.pseudonym.empty()) return;
  const std::string_view version = major_version == 2 ? "2.0" : minor_version == 1 ? "1.1" : "1.0";
  out << "Via: " << version << " " << via.pseudonym << "\r\n";
}

}  // namespace

HeadWriter& HeadWriter::operator<<(std::string_view text) noexcept {
  if (overflowed_ || text.size() > room_.size() - size_) {
    overflowed_ = true;
    return *this;
  }
  if (text.empty()) return *this;
  std::memcpy(room_.data() + size_, text.data(), text.size());
  size_ += text.size();
  return *this;
}

HeadWriter& HeadWriter::operator<<(std::uint64_t number) noexcept {
  char digits[20];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, number);
  return *this << std::string_view(digits, std::size_t(end - digits));
}

void write_request_head(HeadWriter& out, const RequestHead& head, std::string_view target, std::string_view authority,
                        Via via) noexcept {
  out << head.method_text << " " << target << " HTTP/1.1\r\nHost: " << authority << "\r\n";
  write_fields(out, head.fields);
  if (head.body.framing == Framing::chunked) out << "Transfer-Encoding: chunked\r\n";
  if (head.body.framing == Framing::length) out << "Content-Length: " << head.body.length << "\r\n";
  if (head.websocket) out << "Connection: Upgrade\r\nUpgrade: websocket\r\n";
  write_via(out, head.major_version, head.minor_version, via);
  out << "\r\n";
}

void write_response_head(HeadWriter& out, const ResponseHead& head, const RequestHead& request, ClientFraming framing,
                         bool keep_alive, Via via) noexcept {
  out << "HTTP/1.1 " << std::uint64_t(head.status) << " " << head.reason << "\r\n";
  write_fields(out, head.fields);
  if (framing == ClientFraming::as_received && head.body.framing == Framing::chunked) framing = ClientFraming::chunked;
  if (framing == ClientFraming::chunked) out << "Transfer-Encoding: chunked\r\n";
  if (framing == ClientFraming::as_received && head.body.framing == Framing::length)
    out << "Content-Length: " << head.body.length << "\r\n";
  write_via(out, head.major_version, head.minor_version, via);
  const bool ends_with_connection = framing == ClientFraming::until_close || head.body.framing == Framing::until_close;
  if (head.websocket) {
    out << "Connection: Upgrade\r\nUpgrade: websocket\r\n";
  } else if (head.status >= 200) {
    if (!keep_alive || (ends_with_connection && framing != ClientFraming::chunked))
      out << "Connection: close\r\n";
    else if (request.minor_version == 0)
      out << "Connection: keep-alive\r\n";
  }
  out << "\r\n";
}

bool via_names(std::string_view via, std::string_view pseudonym) noexcept {
  // Each member is "protocol received-by [comment]".
  while (!via.empty()) {
    std::string_view member = take_member(via);
    const std::size_t space = member.find_first_of(" \t");
    if (space == std::string_view::npos) continue;
    member = trim_space(member.substr(space));
    if (equal_ignoring_case(member.substr(0, member.find_first_of(" \t")), pseudonym)) return true;
  }
  return false;
}

bool via_names(const Fields& fields, std::string_view pseudonym) noexcept {
  return std::ranges::any_of(fields.items(), [&](const Field& field) {
    return field.known == Name::via && via_names(field.value, pseudonym);
  });
}

}  // namespace schoolgate::http
