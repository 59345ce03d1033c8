// What a list may look like, and the one interface that every format reads lines through.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace schoolgate::blocklists {

enum class Format : std::uint8_t {
  domains,      ///< a name a line
  hosts,        ///< hosts(5): address, then names
  urls,         ///< host/path a line
  expressions,  ///< a regular expression a line
  squidguard,   ///< a folder with domains, urls and expressions
  adblock,      ///< the host and URL subset that a proxy can honour
  dnsmasq,      ///< address=/…/, local=/…/, server=/…/
  rpz,          ///< response policy zone
  dstdomain,    ///< a squid dstdomain file
  e2guardian,   ///< an e2guardian list folder
  unbound,      ///< local-zone: and local-data: lines of unbound
};

[[nodiscard]] std::optional<Format> format_from(std::string_view name) noexcept;
[[nodiscard]] std::string_view to_string(Format format) noexcept;
/// Every format's name, for messages.
[[nodiscard]] std::span<const std::string_view> format_names() noexcept;
/// True when the source is a folder rather than a file.
[[nodiscard]] bool is_folder_format(Format format) noexcept;

/// Takes what an importer reads out of one line. Implemented by the compiler (and by tests).
class EntrySink {
 public:
  virtual ~EntrySink() = default;
  /// A host, a leading "*." or "." already removed, or an address or network in any usual spelling; not yet canonical.
  virtual void host(std::string_view text) = 0;
  /// host/path with or without scheme; not yet canonical.
  virtual void url(std::string_view text) = 0;
  /// An RE2 pattern; `whole_url` when it is over scheme://host/path, else over host/path.
  virtual void pattern(std::string_view text, bool whole_url) = 0;
  /// How far an exception goes: what of its place it opens, and against which entries.
  struct Reach {
    enum class Of : std::uint8_t { name_and_below, name_only, below_only };
    Of of = Of::name_and_below;
    bool closer_entries = false;  ///< also against entries closer than the place; else as wide ones or wider
    bool operator==(const Reach&) const = default;
  };
  /// host or host/path that this list leaves alone itself. Exactly what is written, never more: what else the line says
  /// (a query, a port, a condition) makes it skip() instead.
  virtual void except(std::string_view text, Reach reach) = 0;
  /// Takes back an exception of this place, wherever in the list it is.
  virtual void close_again(std::string_view text) { (void)text; }
  /// Takes the entry of this very host back, wherever in the list it is.
  virtual void withdraw(std::string_view host) = 0;
  /// The entry of this line covers more, or less, than the line says.
  virtual void adjust(std::string_view reason) { (void)reason; }
  /// Understood, but nothing that a proxy can honour.
  virtual void skip(std::string_view reason) = 0;
  /// Not understood.
  virtual void reject(std::string_view reason) = 0;
};

/// Reads one line at a time; may keep state between lines (an RPZ origin). Comments and blank lines say nothing.
class LineImporter {
 public:
  virtual ~LineImporter() = default;
  virtual void line(std::string_view text, EntrySink& sink) = 0;
};

/// The importer of a file format; folder formats are walked by the compiler and have none (nullptr).
[[nodiscard]] std::unique_ptr<LineImporter> importer_for(Format format);

}  // namespace schoolgate::blocklists
