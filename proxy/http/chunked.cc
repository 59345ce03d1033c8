#include "proxy/http/chunked.h"

#include <charconv>
#include <cstring>

#include "proxy/http/field_names.h"
#include "proxy/http/octets.h"

namespace schoolgate::http {
namespace {

constexpr std::size_t kMaxOverhead = 16 * 1024;  // extensions and trailers together
constexpr int kMaxDigits = 16;

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = char(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

// Why this function is long: it is one state machine over the grammar of RFC 9112 section 7.1, read from top to bottom.
ChunkDecoder::Step ChunkDecoder::decode(std::span<char> bytes) noexcept {
  Step step;
  std::size_t at = 0;
  const auto answer = [&](Status status) {
    if (status == Status::bad) state_ = State::broken;
    step.status = status;
    step.consumed = at;
    return step;
  };
  while (at < bytes.size()) {
    const char c = bytes[at];
    switch (state_) {
      case State::size:
        if (const int digit = hex_value(c); digit >= 0) {
          if (++digits_ > kMaxDigits || left_ >> 59 != 0) return answer(Status::bad);
          left_ = left_ << 4 | std::uint64_t(digit);
        } else if (digits_ == 0) {
          return answer(Status::bad);
        } else if (c == '\r') {
          state_ = State::size_lf;
        } else if (c == ';') {
          state_ = State::extension;
        } else {
          return answer(Status::bad);
        }
        break;
      case State::extension:
        if (++overhead_ > kMaxOverhead) return answer(Status::bad);
        if (c == '\r')
          state_ = State::size_lf;
        else if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F)
          return answer(Status::bad);
        break;
      case State::size_lf:
        if (c != '\n') return answer(Status::bad);
        digits_ = 0;
        state_ = left_ != 0 ? State::data : State::trailer;
        break;
      case State::data: {
        const std::size_t run = std::size_t(std::min<std::uint64_t>(left_, bytes.size() - at));
        std::memmove(bytes.data() + step.decoded, bytes.data() + at, run);
        step.decoded += run;
        left_ -= run;
        at += run;
        if (left_ == 0) state_ = State::data_cr;
        continue;
      }
      case State::data_cr:
        if (c != '\r') return answer(Status::bad);
        state_ = State::data_lf;
        break;
      case State::data_lf:
        if (c != '\n') return answer(Status::bad);
        state_ = State::size;
        break;
      case State::trailer:
        if (c == '\r') {
          state_ = State::trailer_lf;
        } else {
          if (++overhead_ > kMaxOverhead || c == '\n' || c == '\0') return answer(Status::bad);
          line_ += c;
        }
        break;
      case State::trailer_lf:
        if (c != '\n') return answer(Status::bad);
        if (line_.empty()) {
          ++at;
          state_ = State::finished;
          return answer(Status::finished);
        }
        if (!take_trailer_line()) return answer(Status::bad);
        state_ = State::trailer;
        break;
      case State::finished: return answer(Status::finished);
      case State::broken: return answer(Status::bad);
    }
    ++at;
  }
  if (state_ == State::broken) return answer(Status::bad);
  return answer(state_ == State::finished ? Status::finished : Status::need_more);
}

bool ChunkDecoder::take_trailer_line() noexcept {
  const std::string_view line = line_;
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon)) || !is_field_value(line.substr(colon + 1)))
    return false;
  if (is_harmless_trailer(line.substr(0, colon))) trailers_ += line_ + "\r\n";
  line_.clear();
  return true;
}

std::string_view chunk_size_line(std::uint64_t size, std::span<char, 20> room) noexcept {
  auto [end, error] = std::to_chars(room.data(), room.data() + 16, size, 16);
  *end++ = '\r';
  *end++ = '\n';
  return {room.data(), std::size_t(end - room.data())};
}

}  // namespace schoolgate::http
