#include "rules/inspection.h"

namespace schoolgate::rules {

std::string_view to_string(InspectReason reason) noexcept {
  switch (reason) {
    case InspectReason::none: return "none";
    case InspectReason::off: return "off";
    case InspectReason::by_name_only: return "by_name_only";
    case InspectReason::no_certificate: return "no_certificate";
    case InspectReason::support: return "support";
    case InspectReason::never_site: return "never_site";
    case InspectReason::never_category: return "never_category";
    case InspectReason::never_shipped: return "never_shipped";
    case InspectReason::always: return "always";
    case InspectReason::url_entry: return "url_entry";
    case InspectReason::category: return "category";
    case InspectReason::search_terms: return "search_terms";
    case InspectReason::safe_search: return "safe_search";
    case InspectReason::unlisted: return "unlisted";
    case InspectReason::tenants: return "tenants";
    case InspectReason::wrapper: return "wrapper";
    case InspectReason::pattern: break;
  }
  return "pattern";
}

}  // namespace schoolgate::rules
