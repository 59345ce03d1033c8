// What is said between the process that asks for signatures and the one that holds the authority's key.
//
// One question or answer is one packet of a SOCK_SEQPACKET pair. Pure: bytes in, a value out. The holder reads
// questions as strictly as if a stranger had written them: the asker parses the network.
//
//     question: version, kind, id (4), then  use_key: length (2), SubjectPublicKeyInfo
//                                            sign:    what, time (8, milliseconds), length (1), host
//     answer:   version, good or not, id (4), length (2), DER or words
// All lengths are big-endian and must fill the packet exactly.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "proxy/tls/leaf.h"

namespace schoolgate::tls {

inline constexpr std::size_t kLargestQuestion = 1024;
inline constexpr std::size_t kLargestAnswer = 8192;

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
/// Views into the packet. Monostate: not a question.
using Question = std::variant<std::monostate, UseKey, Sign>;

struct Answer {
  std::uint32_t id = 0;
  bool good = false;
  std::string_view content;  ///< a certificate's DER (or nothing), or why not
};

[[nodiscard]] Question read_question(std::string_view packet) noexcept;
[[nodiscard]] std::string write_question(const UseKey& question);
[[nodiscard]] std::string write_question(const Sign& question);

[[nodiscard]] std::optional<Answer> read_answer(std::string_view packet) noexcept;
/// Content is cut to what an answer holds.
[[nodiscard]] std::string write_answer(const Answer& answer);

}  // namespace schoolgate::tls
