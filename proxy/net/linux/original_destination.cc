#include "proxy/net/linux/original_destination.h"
