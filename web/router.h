// Which handler answers: method and path patterns, guards before, finishing touches after.
//
//   web::Router router;
//   router.guard([&](web::Request& r) -> std::optional<web::Response> { … });       // runs first; may answer
//   router.get("/episodes/{id}", [&](const web::Request& r) { return web::html(…r.param("id")…); });
//   router.post("/sign-in", [&](const web::Request& r, web::Answer answer) { … answer(web::redirect("/")); });
//
// Filled once at start, then shared by threads as const. Handlers run on the server's pool, several at once; an
// exception in one is logged and answered with 500. A GET route answers HEAD too. A path that only other methods have:
// 405 with Allow. Patterns are split at "/"; "{name}" takes one whole segment, "{name...}" as last takes the rest.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "web/request.h"
#include "web/response.h"

namespace schoolgate::web {

/// Gives the answer, from any thread, once; further calls do nothing. Destroyed without a call: 500.
using Answer = std::function<void(Response)>;
using Handler = std::function<Response(const Request&)>;
/// For answers that take a while: must not block. The request lives until the answer was given.
using AsyncHandler = std::function<void(const Request&, Answer)>;
/// Looks at a request before its handler: an answer ends it here; may attach what it found (Request::context).
using Guard = std::function<std::optional<Response>(Request&)>;
/// Last look at an answer, before the security headers are added.
using Finish = std::function<void(const Request&, Response&)>;
/// Makes the page of an error that no handler answered (403, 404, 405, 500 …).
using ErrorPage = std::function<Response(const Request&, int status)>;

class Router {
 public:
  Router& get(std::string pattern, Handler handler);
  Router& get(std::string pattern, AsyncHandler handler);
  Router& post(std::string pattern, Handler handler);
  Router& post(std::string pattern, AsyncHandler handler);
  /// Guards of this router, in order, before each of its routes; not before 404 and 405.
  Router& guard(Guard guard);
  Router& finish(Finish finish);
  Router& error_page(ErrorPage page);
  /// Takes over the routes of `inner` below `prefix` ("" or "/desk"). Its guards run after those of this router and for
  /// its own routes only; its finishing touches before those of this router; its error page is not taken.
  Router& mount(std::string_view prefix, Router inner);

  /// Finds the handler, runs guards and handler, and gives the answer exactly once. Never throws. The router must
  /// outlive every answer that is still owed; whoever holds it by shared_ptr can keep one in `answer`, as the server
  /// does.
  void serve(std::shared_ptr<Request> request, Answer answer) const;
  /// The page of an error, by error_page() or a plain one.
  [[nodiscard]] Response error(const Request& request, int status) const;

 private:
  struct Route {
    Method method;
    std::vector<std::string> segments;
    AsyncHandler handler;
    std::vector<Guard> guards;
    std::vector<Finish> finishes;
  };
  void add(Method method, std::string_view pattern, AsyncHandler handler);
  [[nodiscard]] const Route* find(Request& request, std::string& allow) const;

  std::vector<Route> routes_;
  std::vector<Guard> guards_;
  std::vector<Finish> finishes_;
  ErrorPage error_page_;
};

}  // namespace schoolgate::web
