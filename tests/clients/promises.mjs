// What PostGraphile 5 has from Node 22 on, for a Node that is older.
Promise.withResolvers ??= function () {
    const deferred = {};
    deferred.promise = new Promise((resolve, reject) => Object.assign(deferred, { resolve, reject }));
    return deferred;
};
