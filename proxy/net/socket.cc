#include "proxy/net/socket.h"
