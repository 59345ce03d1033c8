#include "proxy/net/relay.h"
