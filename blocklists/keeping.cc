#include "blocklists/keeping.h"

namespace schoolgate::blocklists {

Keeping decide_keeping(const OnDisk& disk, const Configured& configured, Wanted wanted) noexcept {
  const bool readable = disk.image == OnDisk::Image::readable;
  if (readable && disk.of_these_lists) return Keeping::serve_image;
  if (configured.with_content == 0)
    return readable && configured.lists != 0 ? Keeping::serve_last_good : Keeping::serve_nothing;
  if (readable && disk.of_these_lists_withdrawn) return Keeping::serve_rolled_back;
  return wanted == Wanted::to_ask ? Keeping::compile_aside : Keeping::compile_and_publish;
}

Fallback fallback_of(const OnDisk& disk) noexcept {
  return disk.image == OnDisk::Image::readable ? Fallback::image_in_force : Fallback::compile_aside;
}

}  // namespace schoolgate::blocklists
