// What is said between the process that asks for signatures and the one that holds the authority's key.
//
// One question or answer is one packet of a SOCK_SEQPACKET pair. Pure: bytes in, a value out. The holder reads
// questions as strictly as if a stranger had written them: the asker parses the network.
//
//     question: version, kind, id (4), then  use_key: length (2), SubjectPublicKeyInfo
//                                            sign:    what, time (8, milliseconds), length (1), host
//                                            sign for pages: time (8), number (1), of each: length (1), host
//     answer:   version, good or not, id (4), length (2), DER or words
// All lengths are big-endian and must fill the packet exactly.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "proxy/tls/leaf.h"

namespace schoolgate::tls {

inline constexpr std::size_t kLargestQuestion = 1024;
inline constexpr std::size_t kLargestAnswer = 8192;
/// Names and addresses of one certificate of the gateway's own pages.
inline constexpr std::size_t kMostPageNames = 24;

struct UseKey {
  std::uint32_t id = 0;
  std::string_view public_key;
};
struct Sign {
  std::uint32_t id = 0;
  LeafFor what = LeafFor::verified_site;
  std::string_view host;  ///< may_be_named() of certificate_parts.h
  TimePoint when{};       ///< what the asker takes the time to be; any number may stand here
};
/// A certificate under which the gateway shows its own pages (the desk, the sign-in page), by each of these names.
struct SignForPages {
  std::uint32_t id = 0;
  std::vector<std::string_view> hosts;  ///< one to kMostPageNames, each may_be_named()
  TimePoint when{};
};
/// Views into the packet. Monostate: not a question.
using Question = std::variant<std::monostate, UseKey, Sign, SignForPages>;

struct Answer {
  std::uint32_t id = 0;
  bool good = false;
  std::string_view content;  ///< a certificate's DER (or nothing), or why not
};

[[nodiscard]] Question read_question(std::string_view packet);
[[nodiscard]] std::string write_question(const UseKey& question);
[[nodiscard]] std::string write_question(const Sign& question);
[[nodiscard]] std::string write_question(const SignForPages& question);

[[nodiscard]] std::optional<Answer> read_answer(std::string_view packet) noexcept;
/// Content is cut to what an answer holds.
[[nodiscard]] std::string write_answer(const Answer& answer);

}  // namespace schoolgate::tls
