// The text of an HTML page that a person sees or hears, as it comes: title, body, alternative texts, labels, documents
// in `srcdoc`, the description for search engines. Not scripts, styles, comments and what its own tag hides.
//
// Tags are read as browsers read them, with errors in them. Where a page and a browser could disagree about what is
// hidden, it is read: what is doubtful counts as seen. XML (feeds, XHTML, SVG) passes through the same states. One per
// body, one thread; pieces of UTF-8 may end anywhere and the outcome is the same. Memory is bounded.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "content/foreign_parts.h"
#include "content/hidden_parts.h"

namespace schoolgate::content {

class PageText {
 public:
  using Sink = std::function<void(std::string_view)>;
  void feed(std::string_view bytes, const Sink& sink);
  /// Nothing more comes: what was held back is said.
  void finish(const Sink& sink);

 private:
  enum class State : std::uint8_t {
    text,
    reference,  ///< behind '&'
    tag_open,   ///< behind '<'
    end_tag_open,
    tag_name,
    between,  ///< in a tag, before the name of an attribute
    attribute_name,
    before_value,
    value,
    markup,   ///< behind "<!"
    comment,  ///< until "-->"
    bogus,    ///< until '>'
    raw,      ///< in <script> and the like, until its end tag
    raw_end,  ///< behind '<' in there
    data,     ///< in CDATA of a drawing, until "]]>"
    plain,    ///< behind <plaintext>: no tag any more
  };
  /// Attributes that are read, each with its place in values_.
  enum Attribute : std::uint8_t {
    spoken,
    content,
    name,
    value,
    type,
    style,
    hidden,
    srcdoc,
    kAttributes,
    none = kAttributes
  };

  static constexpr std::size_t kLongestName = 24;
  static constexpr std::size_t kLongestValue = 4096;  ///< more of one is not read, but for srcdoc
  static constexpr int kDeepestDocument = 4;          ///< what srcdoc holds of a deeper one is read as it stands

  void step(char c, const Sink& sink);
  void step_tag(char c, const Sink& sink);
  void step_attribute(char c, const Sink& sink);
  void step_comment(char c);
  void step_raw(char c, const Sink& sink);
  void step_reference(char c, const Sink& sink);
  void end_reference(const Sink& sink);
  void begin_tag(bool closes);
  void begin_attribute();
  void name_attribute();
  void end_tag(const Sink& sink);
  void say_attributes(const Sink& sink);
  void say(std::string_view text, const Sink& sink);
  void take_document(char c, const Sink& sink);
  void read_document(std::size_t size, const Sink& sink);
  void end_document(const Sink& sink);
  [[nodiscard]] bool starts_raw() noexcept;

  State state_ = State::text;
  State after_reference_ = State::text;
  bool closes_ = false;  ///< the tag at hand is an end tag
  bool self_closed_ = false;
  bool shown_ = true;  ///< of a raw element: its text is seen (title, textarea)
  char quote_ = 0;
  char last_ = ' ';  ///< said last: breaks are not doubled
  Attribute attribute_ = none;
  std::size_t matched_ = 0;  ///< of "-->", of "--", of "</script"
  std::string tag_;          ///< its name
  std::string attribute_name_;
  std::string raw_tag_;  ///< what ends the raw text
  std::string held_;     ///< of a reference, of what may be an end tag
  std::array<std::string, kAttributes> values_;
  std::array<bool, kAttributes> seen_{};
  HiddenParts hidden_parts_;
  ForeignParts foreign_parts_;
  int depth_ = 0;                       ///< of documents in attributes of documents
  std::string document_;                ///< of srcdoc: what is not read yet
  std::unique_ptr<PageText> embedded_;  ///< what reads it
};

}  // namespace schoolgate::content
