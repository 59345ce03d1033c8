#include "proxy/tls/client_hello.h"
