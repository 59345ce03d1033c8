// An image from anywhere: opened, or refused; never a crash, whatever its sections say. The checksum is set right
// first, as otherwise nothing behind it would ever be reached; every fourth input keeps its own.
#include <cstdlib>
#include <cstring>
#include <memory>

#include "blocklists/category_db.h"
#include "blocklists/image_writer.h"
#include "names/url.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace schoolgate;
  using namespace schoolgate::blocklists;
  if (size < 1) return 0;
  const bool keep_checksum = data[0] % 4 == 0;
  ++data, --size;
  const std::unique_ptr<void, decltype(&std::free)> room(std::aligned_alloc(64, (size + 64) / 64 * 64), &std::free);
  auto* bytes = static_cast<char*>(room.get());
  std::memcpy(bytes, data, size);
  if (!keep_checksum && size >= sizeof(ImageHeader)) {
    ImageHeader header;
    std::memcpy(&header, bytes, sizeof header);
    header.magic = kImageMagic;
    header.version = kImageVersion;
    header.sections = kSections;
    header.file_size = size;
    header.digest = whole_image_digest(header, {bytes, size});
    std::memcpy(bytes, &header, sizeof header);
  }
  SealedKey key{};
  const auto db = CategoryDb::open({}, key);  // refused: no such file
  if (db) std::abort();
  const auto opened = CategoryDb::over({bytes, size}, key);
  if (!opened) return 0;
  for (const char* text : {"http://a.example/", "https://www.forum.example/casino/x?y=1", "http://192.0.2.7/a/b/c",
                           "http://[2001:db8::1]/"}) {
    const auto url = names::Url::parse(text);
    Matches matches;
    bool undecided = false;
    (*opened)->lookup(*url, matches, undecided);
    for (const Match& match : matches.items())
      if (match.list >= (*opened)->lists().size()) std::abort();
    matches.clear();
    (*opened)->lists_beyond_name(url->host(), matches);
    for (const Match& match : matches.items())
      if (match.list >= (*opened)->lists().size()) std::abort();
    if (!matches.items().empty() && !(*opened)->has_url_entries(url->host())) std::abort();
  }
  return 0;
}
