// For tests in real time, and for those that wait for answers and not for the clock: nothing is answered late.

export const noDelays = { errorDelay: 0, authenticationDelay: 0 } as const;
