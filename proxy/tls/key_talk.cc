#include "proxy/tls/key_talk.h"

#include "proxy/tls/certificate_parts.h"

namespace schoolgate::tls {
namespace {

constexpr std::uint8_t kTalkVersion = 2;
enum QuestionKind : std::uint8_t { use_key = 1, sign = 2, sign_for_pages = 3 };

/// Reads big-endian numbers from the front of a packet; `ok` turns false when it ends too early.
struct Reader {
  std::string_view rest;
  bool ok = true;

  TimePoint time() noexcept {
    const std::uint64_t high = number(4), low = number(4);
    return TimePoint(std::chrono::milliseconds(std::int64_t(high << 32 | low)));
  }
  std::uint32_t number(std::size_t size) noexcept {
    if (rest.size() < size) {
      ok = false;
      return 0;
    }
    std::uint32_t value = 0;
    for (const char c : rest.substr(0, size)) value = value << 8 | std::uint8_t(c);
    rest.remove_prefix(size);
    return value;
  }
  /// A host with its length before it; empty where it is none.
  std::string_view host() noexcept {
    const std::uint32_t length = number(1);
    if (!ok || rest.size() < length) {
      ok = false;
      return {};
    }
    const std::string_view host = rest.substr(0, length);
    rest.remove_prefix(length);
    return may_be_named(host) ? host : std::string_view();
  }
  /// The rest, if it is exactly as long as a length before it says.
  std::string_view counted(std::size_t size_of_length) noexcept {
    const std::uint32_t length = number(size_of_length);
    if (rest.size() != length) ok = false;
    return ok ? rest : std::string_view();
  }
};

void put(std::string& packet, std::uint32_t value, int size) {
  for (int shift = 8 * (size - 1); shift >= 0; shift -= 8) packet += char(value >> shift);
}

SignForPages read_pages(std::uint32_t id, Reader& in) {
  SignForPages question{.id = id, .hosts = {}, .when = in.time()};
  const std::uint32_t number = in.number(1);
  if (number == 0 || number > kMostPageNames) in.ok = false;
  for (std::uint32_t i = 0; in.ok && i < number; ++i) {
    question.hosts.push_back(in.host());
    if (question.hosts.back().empty()) in.ok = false;
  }
  if (!in.rest.empty()) in.ok = false;
  return question;
}

void put_time(std::string& packet, TimePoint time) {
  const auto when = std::uint64_t(time.time_since_epoch().count());
  put(packet, std::uint32_t(when >> 32), 4);
  put(packet, std::uint32_t(when), 4);
}

}  // namespace

Question read_question(std::string_view packet) {
  Reader in{packet};
  if (packet.size() > kLargestQuestion || in.number(1) != kTalkVersion) return {};
  const std::uint32_t kind = in.number(1);
  const std::uint32_t id = in.number(4);
  if (kind == use_key) {
    const UseKey question{id, in.counted(2)};
    if (in.ok && !question.public_key.empty()) return question;
  } else if (kind == sign) {
    const std::uint32_t what = in.number(1);
    const TimePoint when = in.time();
    const Sign question{id, LeafFor(what), in.counted(1), when};
    if (in.ok && what <= std::uint32_t(LeafFor::own_page) && may_be_named(question.host)) return question;
  } else if (kind == sign_for_pages) {
    SignForPages question = read_pages(id, in);
    if (in.ok) return question;
  }
  return {};
}

std::string write_question(const UseKey& question) {
  std::string packet{char(kTalkVersion), char(use_key)};
  put(packet, question.id, 4);
  put(packet, std::uint32_t(question.public_key.size()), 2);
  return packet.append(question.public_key);
}

std::string write_question(const Sign& question) {
  std::string packet{char(kTalkVersion), char(sign)};
  put(packet, question.id, 4);
  put(packet, std::uint32_t(question.what), 1);
  put_time(packet, question.when);
  put(packet, std::uint32_t(question.host.size()), 1);
  return packet.append(question.host);
}

std::string write_question(const SignForPages& question) {
  std::string packet{char(kTalkVersion), char(sign_for_pages)};
  put(packet, question.id, 4);
  put_time(packet, question.when);
  put(packet, std::uint32_t(question.hosts.size()), 1);
  for (const std::string_view host : question.hosts) {
    put(packet, std::uint32_t(host.size()), 1);
    packet.append(host);
  }
  return packet;
}

std::optional<Answer> read_answer(std::string_view packet) noexcept {
  Reader in{packet};
  if (packet.size() > kLargestAnswer || in.number(1) != kTalkVersion) return std::nullopt;
  const std::uint32_t good = in.number(1);
  Answer answer{.id = in.number(4), .good = good == 1};
  answer.content = in.counted(2);
  if (!in.ok || good > 1) return std::nullopt;
  return answer;
}

std::string write_answer(const Answer& answer) {
  const std::string_view content = answer.content.substr(0, kLargestAnswer - 8);
  std::string packet{char(kTalkVersion), char(answer.good)};
  put(packet, answer.id, 4);
  put(packet, std::uint32_t(content.size()), 2);
  return packet.append(content);
}

}  // namespace schoolgate::tls
