// Which form and which field of a page a problem is about, so that the page leads there: a link in the summary, the
// message beside the field, the fold open. Pure.
#pragma once

#include <string_view>

#include "web/request.h"
#include "web/view.h"

namespace schoolgate::console {

/// Sets "problem", and where a form was sent: "problem_field" (the field's id), "wrong.ID" (the problem again, for the
/// field) and "unfold.FORM" (a flag, for the fold). A problem begins with the name of its field, as "date: …"; one that
/// names none is about the form's first field. Empty: there is none.
void set_problem(web::View& view, const web::Request& request, std::string_view problem);

}  // namespace schoolgate::console
