/** Every operator operation is on the installation itself, which the operator's account owns. */
export const onInstallation = (action: string) => ({ installation: { on: 'installation', action } }) as const;
