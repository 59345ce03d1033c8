#include "web/assets.h"

#include <stdexcept>

#include "web/text.h"

namespace schoolgate::web {
namespace {

/// RFC 9110 section 13.1.2: "*", or a list of tags, of which weak ones count as well.
bool matches(std::string_view if_none_match, std::string_view etag) {
  if (trimmed(if_none_match) == "*") return true;
  while (!if_none_match.empty()) {
    const std::size_t comma = if_none_match.find(',');
    std::string_view tag = trimmed(if_none_match.substr(0, comma));
    if (tag.starts_with("W/")) tag.remove_prefix(2);
    if (tag == etag) return true;
    if_none_match.remove_prefix(comma == std::string_view::npos ? if_none_match.size() : comma + 1);
  }
  return false;
}

}  // namespace

const Asset* find_asset(std::string_view name) noexcept {
  for (const Asset& asset : assets())
    if (asset.name == name) return &asset;
  return nullptr;
}

std::string_view asset_path(std::string_view name) {
  if (const Asset* const asset = find_asset(name)) return asset->path;
  throw std::logic_error("there is no asset " + std::string(name));
}

void add_asset_routes(Router& router) {
  for (const Asset& asset : assets())
    router.get(std::string(asset.path), [&asset](const Request& request) {
      Response response;
      response.set("ETag", std::string(asset.etag)).set("Cache-Control", "public, max-age=31536000, immutable");
      if (matches(request.header("if-none-match"), asset.etag)) {
        response.status = 304;
        return response;
      }
      response.set("Content-Type", std::string(asset.type));
      response.lasting_body = asset.body;
      return response;
    });
}

}  // namespace schoolgate::web
