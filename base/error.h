// How failure is said everywhere in Schoolgate: a value that names whose fault it is and what to do next.
//
// Errors are values (std::expected) on every path that handles traffic; exceptions stay inside the room whose library
// throws them. An Error is cheap to move and owned by whoever holds it.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace schoolgate {

/// Whose fault a failure is: the first thing that the reader of a log line or an error page wants to know.
enum class Fault {
  client,    ///< the browser or device sent something wrong
  upstream,  ///< the web site, its name server or the network towards it
  config,    ///< the school's configuration or its lists
  host,      ///< this machine: disk, memory, descriptors, permissions
  self,      ///< a defect of Schoolgate
};

[[nodiscard]] std::string_view to_string(Fault fault) noexcept;

struct Error {
  Fault fault = Fault::self;
  std::string what;  ///< what went wrong, in one line without a full stop
  std::string next;  ///< what to do about it; may be empty

  /// "what; next", for people.
  [[nodiscard]] std::string text() const;
};

template <class T>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(Fault fault, std::string what, std::string next = {}) {
  return std::unexpected(Error{fault, std::move(what), std::move(next)});
}

/// An Error of this machine that ends in the text of `errno_value` (strerror), e.g. "cannot open /x: No such file".
[[nodiscard]] std::unexpected<Error> fail_errno(std::string what, int errno_value, std::string next = {});

}  // namespace schoolgate
