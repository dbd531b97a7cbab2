// Code that knows holdover's errors and makes no cache.
import { isHoldoverError } from "holdover";

export const isBusy = (error) => isHoldoverError(error, "E_RATE_LIMITED");
