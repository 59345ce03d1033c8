#include "casework/alerts/mail_message.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace schoolgate::casework {
namespace {

constexpr char kHex[] = "0123456789ABCDEF";

bool is_plain(unsigned char c) noexcept { return c >= 0x20 && c < 0x7F; }

std::string without_controls(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  return out;
}

// RFC 2047 section 4.2, in words of at most 75 characters that do not split a UTF-8 character.
std::string header_text(std::string_view raw) {
  const std::string text = without_controls(raw);
  if (std::ranges::all_of(text, [](char c) { return is_plain(static_cast<unsigned char>(c)); }) && text.size() <= 900)
    return text;
  constexpr std::string_view kOpen = "=?utf-8?q?", kClose = "?=";
  std::string out(kOpen);
  std::size_t word = kOpen.size() + std::string_view("Subject: ").size();  // RFC 2047 section 2: lines of 76
  for (std::size_t i = 0; i < text.size();) {
    std::size_t length = 1;
    while (i + length < text.size() && (static_cast<unsigned char>(text[i + length]) & 0xC0) == 0x80) ++length;
    std::string encoded;
    for (std::size_t k = i; k < i + length; ++k) {
      const auto c = static_cast<unsigned char>(text[k]);
      const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
      if (c == ' ') {
        encoded += '_';
      } else if (letter) {
        encoded += char(c);
      } else {
        encoded += {'=', kHex[c >> 4], kHex[c & 15]};
      }
    }
    if (word + encoded.size() + kClose.size() > 75) {
      out.append(kClose).append("\r\n ").append(kOpen);
      word = kOpen.size();
    }
    out += encoded;
    word += encoded.size();
    i += length;
  }
  return out.append(kClose);
}

// RFC 2045 section 6.7.
std::string quoted_printable(std::string_view text) {
  std::string out, line;
  const auto put = [&](std::string_view piece) {
    if (line.size() + piece.size() > 75) {
      out.append(line).append("=\r\n");
      line.clear();
    }
    line += piece;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == '\n') {
      out.append(line).append("\r\n");
      line.clear();
      continue;
    }
    const bool space_at_end = c == ' ' && (i + 1 == text.size() || text[i + 1] == '\n');
    if (is_plain(c) && c != '=' && !space_at_end) {
      put(std::string_view(&text[i], 1));
    } else {
      const char encoded[] = {'=', kHex[c >> 4], kHex[c & 15]};
      put({encoded, sizeof encoded});
    }
  }
  return line.empty() ? out : out.append(line).append("\r\n");
}

// RFC 5322 section 3.3, in UTC.
std::string mail_date(TimePoint time) {
  using namespace std::chrono;
  static constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{floor<seconds>(time - day)};
  char out[48];
  std::snprintf(out, sizeof out, "%s, %u %s %04d %02d:%02d:%02d +0000", kDays[weekday{day}.c_encoding()],
                unsigned(date.day()), kMonths[unsigned(date.month()) - 1], int(date.year()), int(clock.hours().count()),
                int(clock.minutes().count()), int(clock.seconds().count()));
  return out;
}

}  // namespace

bool is_plain_address(std::string_view address) noexcept {
  const std::size_t at = address.find('@');
  return address.size() <= 254 && at != 0 && at != std::string_view::npos && at + 1 < address.size() &&
         address.find('@', at + 1) == std::string_view::npos && std::ranges::all_of(address, [](char c) {
           return c > 0x20 && c < 0x7F && std::string_view("<>()[]\",;:\\").find(c) == std::string_view::npos;
         });
}

std::string to_rfc5322(const MailMessage& message) {
  const std::string domain = message.from.substr(message.from.find('@') + 1);
  std::string out;
  out += "Date: " + mail_date(message.date) + "\r\n";
  out += "From: Schoolgate <" + without_controls(message.from) + ">\r\n";
  out += "To: <" + without_controls(message.to) + ">\r\n";
  out += "Subject: " + header_text(message.subject) + "\r\n";
  out += "Message-ID: <" + without_controls(message.id) + '@' + without_controls(domain) + ">\r\n";
  out += "Auto-Submitted: auto-generated\r\n";
  if (message.important) out += "Importance: high\r\nX-Priority: 1\r\n";
  out +=
      "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: "
      "quoted-printable\r\n\r\n";
  out += quoted_printable(message.text);
  return out;
}

}  // namespace schoolgate::casework
