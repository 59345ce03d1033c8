#include "console/pdf.h"

#include <cairo-pdf.h>
#include <pango/pangocairo.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "web/text.h"

namespace schoolgate::console {

namespace {

// Points: A4 is 595.28 by 841.89.
constexpr double kWidth = 595.28, kHeight = 841.89, kMargin = 56, kFoot = 48;
constexpr double kLine = kWidth - 2 * kMargin;
constexpr double kBottom = kHeight - kMargin - kFoot / 2;
constexpr const char* kFamily = "DejaVu Sans";
/// More than this in one field is cut, with a mark: a record is to be read.
constexpr std::size_t kLongestText = 64 * 1024;

struct Unref {
  void operator()(PangoLayout* layout) const noexcept { g_object_unref(layout); }
  void operator()(PangoFontDescription* font) const noexcept { pango_font_description_free(font); }
  void operator()(PangoLayoutIter* iterator) const noexcept { pango_layout_iter_free(iterator); }
  void operator()(PangoAttrList* list) const noexcept { pango_attr_list_unref(list); }
  void operator()(cairo_t* cairo) const noexcept { cairo_destroy(cairo); }
  void operator()(cairo_surface_t* surface) const noexcept { cairo_surface_destroy(surface); }
};
template <class T>
using Owned = std::unique_ptr<T, Unref>;

struct Style {
  double size = 10;
  bool bold = false;
  double grey = 0.05;  ///< 0 black, 1 white
};

cairo_status_t append(void* bytes, const unsigned char* data, unsigned int length) {
  static_cast<std::string*>(bytes)->append(reinterpret_cast<const char*>(data), length);
  return CAIRO_STATUS_SUCCESS;
}

std::string settable(std::string_view text) {
  std::string clean = web::shown(text.substr(0, kLongestText));
  if (text.size() > kLongestText) clean += " […]";
  return clean;
}

}  // namespace

struct Pdf::State {
  About about;
  std::string bytes;
  Owned<cairo_surface_t> surface;
  Owned<cairo_t> cairo;
  double y = kMargin;
  int page = 1;

  /// Text in the given style, broken to `width` points.
  Owned<PangoLayout> layout(std::string_view text, const Style& style, double width) const {
    Owned<PangoLayout> made(pango_cairo_create_layout(cairo.get()));
    const Owned<PangoFontDescription> font(pango_font_description_new());
    pango_font_description_set_family_static(font.get(), kFamily);
    pango_font_description_set_absolute_size(font.get(), style.size * PANGO_SCALE);
    if (style.bold) pango_font_description_set_weight(font.get(), PANGO_WEIGHT_BOLD);
    pango_layout_set_font_description(made.get(), font.get());
    pango_layout_set_width(made.get(), static_cast<int>(width * PANGO_SCALE));
    pango_layout_set_wrap(made.get(), PANGO_WRAP_WORD_CHAR);
    pango_layout_set_spacing(made.get(), static_cast<int>(style.size * 0.25 * PANGO_SCALE));
    // No hyphens where a long address breaks: they would read as part of it.
    const Owned<PangoAttrList> attributes(pango_attr_list_new());
    pango_attr_list_insert(attributes.get(), pango_attr_insert_hyphens_new(FALSE));
    pango_layout_set_attributes(made.get(), attributes.get());
    const std::string clean = settable(text);
    pango_layout_set_text(made.get(), clean.data(), static_cast<int>(clean.size()));
    return made;
  }

  static double height(PangoLayout* of) {
    int units = 0;
    pango_layout_get_size(of, nullptr, &units);
    return static_cast<double>(units) / PANGO_SCALE;
  }

  void ink(double grey) const { cairo_set_source_rgb(cairo.get(), grey, grey, grey); }

  void foot() const {
    const std::string text = about.footer + "    page " + std::to_string(page);
    const Owned<PangoLayout> line = layout(text, {.size = 8, .grey = 0.35}, kLine);
    ink(0.35);
    cairo_move_to(cairo.get(), kMargin, kHeight - kFoot);
    pango_cairo_show_layout(cairo.get(), line.get());
  }

  void turn_page() {
    foot();
    cairo_show_page(cairo.get());
    ++page;
    y = kMargin;
  }

  /// A new page unless `points` are left.
  void need(double points) {
    if (y + points > kBottom && y > kMargin) turn_page();
  }

  /// Draws line by line, over as many pages as it takes.
  void flow(std::string_view text, const Style& style, double x, double width) {
    const Owned<PangoLayout> set = layout(text, style, width);
    const Owned<PangoLayoutIter> lines(pango_layout_get_iter(set.get()));
    do {
      PangoRectangle box;
      pango_layout_iter_get_line_extents(lines.get(), nullptr, &box);
      const double tall = static_cast<double>(box.height) / PANGO_SCALE;
      need(tall);
      ink(style.grey);
      const double base = static_cast<double>(pango_layout_iter_get_baseline(lines.get()) - box.y) / PANGO_SCALE;
      cairo_move_to(cairo.get(), x + static_cast<double>(box.x) / PANGO_SCALE, y + base);
      pango_cairo_show_layout_line(cairo.get(), pango_layout_iter_get_line_readonly(lines.get()));
      y += tall;
    } while (pango_layout_iter_next_line(lines.get()));
  }

  void rule(double at, double grey) const {
    ink(grey);
    cairo_set_line_width(cairo.get(), 0.5);
    cairo_move_to(cairo.get(), kMargin, at);
    cairo_line_to(cairo.get(), kMargin + kLine, at);
    cairo_stroke(cairo.get());
  }

  /// One row of a table on one page; cells longer than a page are cut by `most` points.
  void row(const std::vector<std::string>& cells, const std::vector<double>& widths, bool bold) {
    constexpr double kGap = 6, kPad = 3;
    std::vector<Owned<PangoLayout>> set;
    double tall = 0;
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const std::string_view text = i < cells.size() ? std::string_view(cells[i]) : std::string_view();
      set.push_back(layout(text, {.size = 8.5, .bold = bold}, widths[i] - kGap));
      pango_layout_set_height(set.back().get(), static_cast<int>((kBottom - kMargin - 60) * PANGO_SCALE));
      pango_layout_set_ellipsize(set.back().get(), PANGO_ELLIPSIZE_END);
      tall = std::max(tall, height(set.back().get()));
    }
    double x = kMargin;
    for (std::size_t i = 0; i < set.size(); ++i) {
      ink(0.05);
      cairo_move_to(cairo.get(), x, y + kPad);
      pango_cairo_show_layout(cairo.get(), set[i].get());
      x += widths[i];
    }
    y += tall + 2 * kPad;
    rule(y, bold ? 0.3 : 0.8);
  }

  double row_height(const std::vector<std::string>& cells, const std::vector<double>& widths) const {
    double tall = 0;
    for (std::size_t i = 0; i < std::min(widths.size(), cells.size()); ++i) {
      tall = std::max(tall, height(layout(cells[i], {.size = 8.5}, widths[i] - 6).get()));
    }
    return tall + 6;
  }
};

Pdf::Pdf(About about) : state_(std::make_unique<State>()) {
  state_->about = std::move(about);
  state_->surface.reset(cairo_pdf_surface_create_for_stream(append, &state_->bytes, kWidth, kHeight));
  cairo_pdf_surface_set_metadata(state_->surface.get(), CAIRO_PDF_METADATA_TITLE,
                                 settable(state_->about.title).c_str());
  cairo_pdf_surface_set_metadata(state_->surface.get(), CAIRO_PDF_METADATA_CREATOR, "Schoolgate");
  cairo_pdf_surface_set_metadata(state_->surface.get(), CAIRO_PDF_METADATA_CREATE_DATE,
                                 to_rfc3339(state_->about.made).substr(0, 19).append("Z").c_str());
  state_->cairo.reset(cairo_create(state_->surface.get()));
}

Pdf::~Pdf() = default;
Pdf::Pdf(Pdf&&) noexcept = default;

Pdf& Pdf::title(std::string_view text) {
  state_->flow(text, {.size = 18, .bold = true}, kMargin, kLine);
  state_->y += 8;
  return *this;
}

Pdf& Pdf::heading(std::string_view text) {
  state_->need(60);  // not alone at the foot of a page
  state_->y += 8;
  state_->flow(text, {.size = 12, .bold = true}, kMargin, kLine);
  state_->y += 4;
  return *this;
}

Pdf& Pdf::paragraph(std::string_view text) {
  state_->flow(text, {}, kMargin, kLine);
  state_->y += 6;
  return *this;
}

Pdf& Pdf::note(std::string_view text) {
  state_->flow(text, {.size = 8.5, .grey = 0.3}, kMargin, kLine);
  state_->y += 6;
  return *this;
}

Pdf& Pdf::bullet(std::string_view text) {
  state_->need(14);
  const double y = state_->y;
  const int page = state_->page;
  state_->flow("•", {}, kMargin, 12);
  if (state_->page == page) state_->y = y;
  state_->flow(text, {}, kMargin + 14, kLine - 14);
  state_->y += 3;
  return *this;
}

Pdf& Pdf::facts(const std::vector<std::pair<std::string, std::string>>& rows) {
  constexpr double kNames = 150;
  for (const auto& [name, value] : rows) {
    state_->need(30);
    const double y = state_->y;
    state_->flow(name, {.bold = true}, kMargin, kNames - 8);
    const double after_name = state_->y;
    const int page = state_->page;
    state_->y = y;
    state_->flow(value, {}, kMargin + kNames, kLine - kNames);
    if (state_->page == page) state_->y = std::max(state_->y, after_name);
    state_->y += 3;
    state_->rule(state_->y, 0.85);
    state_->y += 3;
  }
  state_->y += 6;
  return *this;
}

Pdf& Pdf::table(const std::vector<std::string>& head, const std::vector<std::vector<std::string>>& rows,
                std::vector<double> widths) {
  widths.resize(head.size(), 1.0);
  const double sum = std::accumulate(widths.begin(), widths.end(), 0.0);
  for (double& width : widths) width *= kLine / sum;
  const double head_height = state_->row_height(head, widths);
  state_->need(head_height + 30);
  state_->row(head, widths, true);
  for (const std::vector<std::string>& cells : rows) {
    if (state_->y + state_->row_height(cells, widths) > kBottom && state_->y > kMargin + head_height + 1) {
      state_->turn_page();
      state_->row(head, widths, true);
    }
    state_->row(cells, widths, false);
  }
  state_->y += 10;
  return *this;
}

Pdf& Pdf::signature(std::string_view label) {
  state_->need(60);
  state_->y += 34;
  state_->rule(state_->y, 0.2);
  state_->y += 3;
  return note(label);
}

Pdf& Pdf::new_page() {
  state_->turn_page();
  return *this;
}

Result<std::string> Pdf::finish() {
  state_->foot();
  cairo_show_page(state_->cairo.get());
  const cairo_status_t drawn = cairo_status(state_->cairo.get());
  state_->cairo.reset();
  cairo_surface_finish(state_->surface.get());
  const cairo_status_t written = cairo_surface_status(state_->surface.get());
  for (const cairo_status_t status : {drawn, written}) {
    if (status != CAIRO_STATUS_SUCCESS) {
      return fail(Fault::host, std::string("cannot make the PDF: ") + cairo_status_to_string(status),
                  "install the package fonts-dejavu-core");
    }
  }
  return std::move(state_->bytes);
}

}  // namespace schoolgate::console
