#include "proxy/net/endpoint.h"
