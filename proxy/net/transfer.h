// How one attempt to receive or send ended.
#pragma once

#include <cstddef>
#include <cstdint>

namespace schoolgate::net {

enum class IoStatus : std::uint8_t {
  ok,
  would_block,  ///< nothing now: wait, then try again
  closed,       ///< receive: the peer has finished sending (FIN)
  timed_out,    ///< the socket's deadline passed
  cancelled,    ///< cancel() was called, here or by a drain
  failed,       ///< reset, broken pipe or another error of the connection; see Transfer::error
};

struct Transfer {
  std::size_t bytes = 0;  ///< also set when a later part failed
  IoStatus status = IoStatus::ok;
  int error = 0;  ///< errno when failed
  [[nodiscard]] explicit operator bool() const noexcept { return status == IoStatus::ok; }
};

}  // namespace schoolgate::net
