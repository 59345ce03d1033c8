#include "portal/captive_api.h"

#include "base/json.h"

namespace schoolgate::portal {

std::string captive_json(const CaptiveState& state) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("captive", state.captive).field("user-portal-url", state.user_portal_url);
  if (!state.captive) {
    if (state.remaining) json.field("seconds-remaining", std::max<long long>(state.remaining->count(), 0));
    json.field("can-extend-session", true);  // by signing in again
  }
  json.end_object();
  return out;
}

}  // namespace schoolgate::portal
