// What all workers share for looking inside TLS. Made by app/ when the school has an authority.
#pragma once

#include <memory>
#include <string>

#include "proxy/flow/distrust_notes.h"
#include "proxy/tls/leaf_mint.h"
#include "proxy/tls/server_context.h"
#include "proxy/tls/trust_store.h"

namespace schoolgate::flow {

/// A reload hands out a new one: the same notes, the same mint unless the authority is another, the trusted roots read
/// anew.
struct Inspection {
  std::string authority = {};  ///< fingerprint of its certificate: whose name the mint signs in
  std::shared_ptr<tls::LeafMint> mint;
  std::shared_ptr<const tls::ServerContext> server;
  std::shared_ptr<const tls::TrustStore> trust;
  std::shared_ptr<DistrustNotes> distrust;
  /// False where the authority's key is lost: what has to be opened stays closed, and pages go out without TLS.
  bool can_sign = true;
};

}  // namespace schoolgate::flow
