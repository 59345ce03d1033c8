// What a Tls holds of asio::ssl; for tls.cc, which fills it, and connection.cc, which makes connections of it.
#pragma once

#include "web/asio.h"
#include "web/tls.h"

namespace schoolgate::web {

struct Tls::Context {
  asio::ssl::context ssl{asio::ssl::context::tls_server};
};

}  // namespace schoolgate::web
