// Which image a configuration gets: the one in force, a new one, or none. A decision over plain values.
//
// What is on disk and what is configured are looked at by the caller; nothing here reads or writes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace schoolgate::blocklists {

/// The compiled lists in the state folder.
struct OnDisk {
  enum class Image : std::uint8_t {
    none,        ///< nothing was ever published
    readable,    ///< the image in force can be opened
    unreadable,  ///< damaged, gone, or of another release
  };
  Image image = Image::none;
  bool of_these_lists = false;  ///< the readable image was made from the lists as they are configured and are now
  bool of_these_lists_withdrawn = false;  ///< such an image was in force and was rolled back from
};

struct Configured {
  std::size_t lists = 0;
  std::size_t with_content = 0;  ///< of these, the ones of which some content is at hand, new or kept
};

/// For what the lists are wanted.
enum class Wanted : std::uint8_t {
  to_ask,  ///< a question: nothing in the state folder may change
  to_put_in_force,
};

enum class Keeping : std::uint8_t {
  serve_image,        ///< the image in force is what is wanted
  serve_rolled_back,  ///< the image in force stays: a person went back to it from what the lists would give
  serve_last_good,    ///< the image in force stays: of no list that is configured is there any content to compile
  serve_nothing,      ///< there is nothing to compile
  compile_aside,      ///< into a folder of its own that is thrown away
  compile_and_publish,
};

[[nodiscard]] Keeping decide_keeping(const OnDisk& disk, const Configured& configured, Wanted wanted) noexcept;

/// What serves when a new image could not be made or published.
enum class Fallback : std::uint8_t { image_in_force, compile_aside };
[[nodiscard]] Fallback fallback_of(const OnDisk& disk) noexcept;

}  // namespace schoolgate::blocklists
